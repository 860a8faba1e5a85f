import openai
import pytest


async def test_a_job(client: openai.AsyncOpenAI):
    """It is made of an uploaded file, and can be read, listed and cancelled."""
    file = await client.files.create(file=("rows.jsonl", b"{}"), purpose="fine-tune")
    job = await client.fine_tuning.jobs.create(model="demo", training_file=file.id)
    assert await client.fine_tuning.jobs.retrieve(job.id) == job
    assert [each.id async for each in client.fine_tuning.jobs.list()] == [job.id]
    assert [event.level async for event in client.fine_tuning.jobs.list_events(job.id)] == ["info"]
    assert [each async for each in client.fine_tuning.jobs.checkpoints.list(job.id)] == []
    assert (await client.fine_tuning.jobs.cancel(job.id)).status == "cancelled"
    with pytest.raises(openai.NotFoundError):
        await client.fine_tuning.jobs.create(model="demo", training_file="file-x")
