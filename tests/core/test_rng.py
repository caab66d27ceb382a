from osteon.core.rng import generator, seed_for


def test_the_same_purpose_gives_the_same_stream():
    assert generator(1, "film", 2).random() == generator(1, "film", 2).random()


def test_purposes_do_not_share_a_stream():
    assert seed_for(1, "a", "b") != seed_for(1, "ab")
    assert seed_for(1, "a") != seed_for(2, "a")


def test_seeds_do_not_change_between_machines():
    assert seed_for(7, "phantom", 3) == 5429698806693317150
