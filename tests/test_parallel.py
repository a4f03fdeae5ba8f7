"""Work on several threads keeps its order and its memory."""

import threading
import time

import pytest

from camtrap_gui.parallel import ahead_of, in_order


def test_that_results_keep_the_order_of_the_items():
    def slow_first(number: int) -> int:
        time.sleep(0.02 if number % 3 == 0 else 0)
        return number * 2

    assert list(in_order(slow_first, range(30), workers=4)) == [number * 2 for number in range(30)]


def test_that_no_more_is_taken_than_may_wait():
    taken = []

    def items():
        for number in range(1000):
            taken.append(number)
            yield number

    results = in_order(lambda number: number, items(), workers=2, ahead=5)
    for _ in range(10):
        next(results)
    assert len(taken) <= 16
    results.close()


def test_that_an_error_comes_in_its_turn_and_leaves_no_thread():
    def fail_at_five(number: int) -> int:
        if number == 5:
            raise ValueError(number)
        return number

    before = threading.active_count()
    seen = []
    with pytest.raises(ValueError, match="5"):
        for value in in_order(fail_at_five, range(100), workers=3):
            seen.append(value)
    assert seen == [0, 1, 2, 3, 4]
    assert threading.active_count() == before


def test_that_items_made_ahead_are_the_same_and_no_more_than_may_wait():
    made = []

    def items():
        for number in range(100):
            made.append((number, threading.current_thread()))
            yield number

    taken = ahead_of(items(), waiting=3)
    assert [next(taken) for _ in range(5)] == [0, 1, 2, 3, 4]
    assert len(made) <= 9
    assert list(taken) == list(range(5, 100))
    assert threading.current_thread() not in {thread for _, thread in made}


def test_that_an_error_while_making_ahead_comes_behind_what_was_made():
    def items():
        yield 1
        raise ValueError("two")

    before = threading.active_count()
    taken = ahead_of(items())
    assert next(taken) == 1
    with pytest.raises(ValueError, match="two"):
        next(taken)
    assert threading.active_count() == before
