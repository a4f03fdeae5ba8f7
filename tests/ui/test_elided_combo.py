"""A list whose choice has no room says so with an ellipsis, and shows all of it when it is opened."""

from camtrap_gui.ui.widgets.elided_combo import ElidedCombo

LONG = "A detector of animals, people and vehicles with a long name"


def ink(combo: ElidedCombo) -> list[int]:
    """How dark each column of pixels is where the text ends and the arrow begins."""
    image = combo.grab().toImage()
    return [
        min(image.pixelColor(x, y).lightness() for y in range(8, image.height() - 8))
        for x in range(image.width())
    ]


def test_that_what_has_room_is_shown_whole_and_what_has_not_is_cut_before_the_arrow(app, show):
    combo = ElidedCombo()
    combo.addItems(["Short", LONG])
    show(combo)
    combo.resize(combo.fontMetrics().horizontalAdvance(LONG) // 2, combo.sizeHint().height())
    app.processEvents()
    combo.setCurrentIndex(1)
    cut = combo.grab().toImage()
    combo.setItemText(1, LONG + " and more")
    assert combo.grab().toImage() == cut  # what is not seen changes nothing
    combo.setItemText(1, LONG[:3] + "…")
    assert combo.grab().toImage() != cut
    combo.setCurrentIndex(0)
    text_ends = combo.fontMetrics().horizontalAdvance("Short") + 16
    assert min(ink(combo)[text_ends : combo.width() - 32]) > 200


def test_that_the_open_list_has_room_for_the_longest_name(app, show):
    combo = ElidedCombo()
    combo.addItems(["Short", LONG])
    show(combo)
    combo.resize(90, combo.sizeHint().height())
    combo.showPopup()
    app.processEvents()
    assert combo.view().width() >= combo.fontMetrics().horizontalAdvance(LONG)
    combo.hidePopup()
