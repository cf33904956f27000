"""Audit tasks give the same arrays in any executor."""

import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

from builder.errors import FetchError
from builder.facts import AuditFacts, AuditTask, run_audit
from builder.model import Member
from builder.pixels import inspect
from tests.test_pixels import draw, encode


class Reader:
    """Images by name; a class, so that it can be sent to another process."""

    def __init__(self, images):
        self.images = images

    def __call__(self, member):
        return self.images[member.name]


IMAGES = {f"{seed}.jpg": encode(draw(seed=seed)) for seed in range(6)}
IMAGES["broken.jpg"] = IMAGES["0.jpg"][:-20]


@pytest.mark.parametrize("executor", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_run_audit_gives_the_same_in_any_executor(executor):
    members = tuple(Member(name, "", -1) for name in IMAGES)
    tasks = [AuditTask(members[:3]), AuditTask(members[3:])]
    context = {}
    if executor is ProcessPoolExecutor:
        context["mp_context"] = multiprocessing.get_context("spawn")
    with executor(2, **context) as pool:
        jobs = [pool.submit(run_audit, task, Reader(IMAGES)) for task in tasks]
        facts = AuditFacts.join(job.result() for job in jobs)
    whole = run_audit(AuditTask(members), Reader(IMAGES))
    for name in ("sha256", "dhash", "is_grey", "width", "height"):
        np.testing.assert_array_equal(getattr(facts, name), getattr(whole, name))
        assert getattr(facts, name).dtype == getattr(whole, name).dtype
    assert facts.reasons == whole.reasons
    assert facts.is_good.tolist() == [True] * 6 + [False]
    assert facts.dhash[2].tolist() == list(inspect(IMAGES["2.jpg"]).dhash)
    assert facts.reasons[6].startswith("is truncated")
    assert len(pickle.dumps(facts)) < 2_000


def test_join_of_nothing_is_empty():
    facts = AuditFacts.join([])
    assert facts.sha256.shape == (0, 32)
    assert facts.dhash.shape == (0, 2)
    assert facts.is_good.tolist() == []


def test_run_audit_passes_on_what_reading_raises():
    def fail(member):
        raise FetchError("gone")

    with pytest.raises(FetchError, match="gone"):
        run_audit(AuditTask((Member("a.jpg", "", -1),)), fail)
