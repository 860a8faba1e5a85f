"""The yardstick: a proxy of 40 lines on aiohttp and uvloop, which does nothing but pass on."""

import argparse

import uvloop
from aiohttp import ClientSession, TCPConnector, web

_PER_CONNECTION = {"host", "content-length", "transfer-encoding", "connection"}


async def _proxy(request: web.Request) -> web.StreamResponse:
    headers = {name: value for name, value in request.headers.items() if name.lower() not in _PER_CONNECTION}
    url = request.app["upstream"] + request.path_qs
    async with request.app["session"].request(request.method, url, headers=headers, data=await request.read()) as upstream:
        passed = {name: value for name, value in upstream.headers.items() if name.lower() not in _PER_CONNECTION}
        if "event-stream" not in upstream.headers.get("content-type", ""):
            return web.Response(status=upstream.status, headers=passed, body=await upstream.read())
        response = web.StreamResponse(status=upstream.status, headers=passed)
        await response.prepare(request)
        async for data in upstream.content.iter_any():
            await response.write(data)
        return response


async def _build(upstream: str) -> web.Application:
    app = web.Application()
    app["upstream"] = upstream
    app["session"] = ClientSession(connector=TCPConnector(limit=0), auto_decompress=False)
    app.router.add_route("*", "/{path:.*}", _proxy)
    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream", required=True)
    options = parser.parse_args()
    web.run_app(_build(options.upstream), host="127.0.0.1", port=options.port, access_log=None, print=None, loop=uvloop.new_event_loop())


if __name__ == "__main__":
    main()
