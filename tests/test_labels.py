from maskwise.labels import LABELS, UNSURE, label_colour_rgb, label_name, label_words


def test_every_answer_has_its_own_name_words_and_colour() -> None:
    answers = [UNSURE, *range(len(LABELS))]
    for describe in (label_name, label_words, label_colour_rgb):
        assert len({describe(answer) for answer in answers}) == len(answers)
