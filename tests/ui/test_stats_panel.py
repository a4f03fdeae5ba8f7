"""The statistics page: the chart has the room there is and tells its numbers; the table is beside or behind it."""

from threading import Event

from PySide6.QtCore import QEvent, QPoint
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QToolTip

from camtrap_gui.ui.panels.stats import WIDE, StatsPanel
from camtrap_gui.ui.widgets import chart_view


def test_that_the_chart_is_drawn_without_holding_up_the_window(
    session, show, crop_project, wait, monkeypatch
):
    drawing, go_on = Event(), Event()
    drawn = chart_view._drawn

    def draw_slowly(*given):
        drawing.set()
        assert go_on.wait(60)
        return drawn(*given)

    monkeypatch.setattr(chart_view, "_drawn", draw_slowly)
    panel = StatsPanel(session(crop_project))
    show(panel)
    wait(drawing.is_set)
    assert panel.chart._scroll.widget().text() == "Drawing the chart…"
    assert panel.table.rowCount() == 3
    go_on.set()
    wait(lambda: not panel.chart._scroll.widget().pixmap().isNull())


def test_that_a_chart_that_cannot_be_drawn_says_why(session, show, crop_project, wait):
    panel = StatsPanel(session(crop_project))
    show(panel)
    panel.form.set_value("view", "detections-per-image")
    wait(lambda: "No detector has looked at the pictures yet." in panel.message.text())


def test_that_the_table_stands_beside_the_chart_in_a_large_window_only(session, show, crop_project, wait):
    panel = StatsPanel(session(crop_project))
    show(panel)
    assert [panel.tabs.tabText(place) for place in range(panel.tabs.count())] == ["Chart", "Table"]
    panel.resize(WIDE + 200, 900)
    wait(lambda: panel.tabs.count() == 1 and panel.table.isVisible())
    panel.resize(1100, 700)
    wait(lambda: panel.tabs.count() == 2)


def test_that_the_chart_grows_with_the_window_and_never_scrolls_sideways(session, show, crop_project, wait):
    panel = StatsPanel(session(crop_project))
    show(panel)
    scroll = panel.chart._scroll
    wait(lambda: panel.chart._figure is not None)
    wait(lambda: 0 < scroll.widget().width() <= scroll.viewport().width())
    before = scroll.widget().width()
    panel.resize(1300, 900)
    wait(lambda: before < scroll.widget().width() <= scroll.viewport().width())


def test_that_resting_on_a_bar_tells_its_numbers(app, session, show, crop_project, wait):
    panel = StatsPanel(session(crop_project))
    show(panel)
    wait(lambda: panel.chart._figure is not None)
    canvas = panel.chart._scroll.widget()
    at = QPoint(canvas.width() // 2, canvas.height() * 3 // 4)
    app.sendEvent(canvas, QHelpEvent(QEvent.Type.ToolTip, at, canvas.mapToGlobal(at)))
    assert "train 20, val 8, test 8, in all 36" in QToolTip.text()


def test_that_the_top_rows_are_all_unless_a_number_is_given(session, show, crop_project):
    panel = StatsPanel(session(crop_project))
    show(panel)
    assert panel.form.input("top").text() == "All"
    assert panel.form.value().top == 0
