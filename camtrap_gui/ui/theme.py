"""How the window looks: two palettes, one accent, one type scale, one spacing grid, icons of one weight.

Fusion with an explicit palette, because ``setColorScheme`` has no effect on bare X and offscreen. Chrome takes its
colours from here; data takes them from the class colours of ``camtrap_gui.charts``.
"""

from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QPalette
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from camtrap_gui import paths

GRID = 8
"""Pixels: every margin and gap is a multiple (or half) of it."""

SCALE = {"title": 1.6, "heading": 1.2, "body": 1.0, "small": 0.9}
"""Font sizes relative to the system's."""


@dataclass(frozen=True)
class Colours:
    """The chrome of one theme. Text on its background has a contrast of at least 4.5:1 (WCAG 2.1, AA)."""

    window: str
    surface: str  # cards, tables, fields
    raised: str  # rail, bars
    line: str
    text: str
    muted: str
    accent: str
    on_accent: str
    warning: str
    error: str
    success: str

    @property
    def selected(self) -> str:
        """Behind a selected row: the accent as a tint of the surface, on which ``text`` keeps its contrast."""
        paper, ink = QColor(self.surface), QColor(self.accent)
        mixed = QColor(
            *(round(0.8 * of(paper) + 0.2 * of(ink)) for of in (QColor.red, QColor.green, QColor.blue))
        )
        return mixed.name()


LIGHT = Colours(
    window="#f6f6f3", surface="#ffffff", raised="#ecece7", line="#d5d5cd", text="#1d211c", muted="#5a6158",
    accent="#1f6f4a", on_accent="#ffffff", warning="#8a5a00", error="#b3261e", success="#1f6f4a",
)  # fmt: skip
DARK = Colours(
    window="#171a18", surface="#1f2320", raised="#252a26", line="#3a413b", text="#e8ebe6", muted="#a3aca3",
    accent="#5fc48f", on_accent="#0c1a12", warning="#e9b44c", error="#ff8a80", success="#5fc48f",
)  # fmt: skip


class Theme(QObject):
    """The current look. ``changed`` tells widgets that paint by themselves to look again."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.dark = False
        self.preference = "system"

    @property
    def colours(self) -> Colours:
        """Of the theme in force."""
        return DARK if self.dark else LIGHT

    def apply(self, preference: str) -> None:
        """Switch to 'light', 'dark' or 'system' for the whole application."""
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        self.preference = preference
        hints = app.styleHints()
        self.dark = preference == "dark" or (
            preference == "system" and hints.colorScheme() == Qt.ColorScheme.Dark
        )
        app.setPalette(_palette(self.colours))
        app.setStyleSheet(_style(self.colours))
        _icons.clear()
        self.changed.emit()


theme = Theme()
_icons: dict[tuple[str, str], QIcon] = {}


def prepare(app: QApplication, preference: str) -> None:
    """Give a new application its style, font and palette."""
    app.setStyle("Fusion")
    if not QFontDatabase.families():  # a system without fonts would show boxes for letters
        for font in (paths.resources() / "fonts").glob("*.ttf"):
            QFontDatabase.addApplicationFont(str(font))
    theme.apply(preference)
    app.styleHints().colorSchemeChanged.connect(lambda: theme.apply(theme.preference))


def icon(name: str, colour: str | None = None) -> QIcon:
    """A Material Design icon ("image-multiple") in the theme's text colour, or another."""
    colour = colour or theme.colours.text
    if (name, colour) not in _icons:
        import qtawesome  # takes 0.16 s; the window is painted before the first icon is asked for

        disabled = QColor(theme.colours.muted)
        disabled.setAlpha(140)
        _icons[name, colour] = qtawesome.icon(f"mdi6.{name}", color=colour, color_disabled=disabled)
    return _icons[name, colour]


def sized(widget: QWidget, step: str, bold: bool = False) -> QWidget:
    """Give a widget a size of the type scale."""
    font = QFont(QApplication.font())
    font.setPointSizeF(font.pointSizeF() * SCALE[step])
    font.setBold(bold)
    widget.setFont(font)
    widget.setProperty("step", step)
    return widget


def rescale() -> None:
    """Let the type scale follow after the font of the system has changed."""
    for widget in QApplication.allWidgets():
        if step := widget.property("step"):
            sized(widget, step, widget.font().bold())


def text(words: str, step: str = "body", bold: bool = False, role: str = "", wrap: bool = False) -> QLabel:
    """A label of the type scale; ``role`` 'muted', 'warning', 'error' or 'success' colours it."""
    label = QLabel(words)
    sized(label, step, bold)
    label.setWordWrap(wrap)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    if role:
        label.setProperty("role", role)
    return label


def _palette(c: Colours) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for which, colour in {
        role.Window: c.window, role.WindowText: c.text, role.Base: c.surface, role.AlternateBase: c.raised,
        role.Text: c.text, role.Button: c.surface, role.ButtonText: c.text, role.BrightText: c.error,
        role.ToolTipBase: c.raised, role.ToolTipText: c.text, role.PlaceholderText: c.muted,
        role.Highlight: c.accent, role.HighlightedText: c.on_accent, role.Link: c.accent, role.LinkVisited: c.accent,
        role.Light: c.surface, role.Midlight: c.raised, role.Mid: c.line, role.Dark: c.line, role.Shadow: c.line,
    }.items():  # fmt: skip
        palette.setColor(which, QColor(colour))
    palette.setColor(role.Accent, QColor(c.accent))
    for which in (role.WindowText, role.Text, role.ButtonText):
        faint = QColor(c.muted)
        faint.setAlpha(150)
        palette.setColor(QPalette.ColorGroup.Disabled, which, faint)
    return palette


def _style(c: Colours) -> str:
    return f"""
    QLabel[role="muted"] {{ color: {c.muted}; }}
    QLabel[role="warning"] {{ color: {c.warning}; }}
    QLabel[role="error"] {{ color: {c.error}; }}
    QLabel[role="success"] {{ color: {c.success}; }}
    QToolTip {{ background: {c.raised}; color: {c.text}; border: 1px solid {c.line}; padding: 4px; }}
    QPushButton {{ background: {c.surface}; border: 1px solid {c.line}; border-radius: 6px; padding: 6px 14px; }}
    QPushButton:hover {{ background: {c.raised}; }}
    QPushButton:checked {{ background: {c.raised}; border: 1px solid {c.accent}; color: {c.accent}; }}
    QPushButton:focus, QToolButton:focus {{ border: 2px solid {c.accent}; }}
    QPushButton[primary="true"] {{ background: {c.accent}; color: {c.on_accent}; border-color: {c.accent}; font-weight: 600; }}
    QPushButton[primary="true"]:hover {{ background: {QColor(c.accent).darker(112).name()}; }}
    QPushButton[primary="true"]:focus {{ border: 2px solid {c.text}; }}
    QPushButton:disabled {{ color: {c.muted}; background: {c.raised}; border-color: {c.line}; }}
    QPushButton[link="true"] {{ background: transparent; color: {c.accent}; border: 2px solid transparent; padding: 4px; text-align: left; }}
    QPushButton[link="true"]:disabled {{ color: {c.muted}; }}
    QPushButton[link="true"]:hover {{ text-decoration: underline; }}
    QPushButton[link="true"]:focus {{ border: 2px solid {c.accent}; }}
    QToolButton {{ border: 2px solid transparent; border-radius: 6px; padding: 4px; }}
    QToolButton:hover {{ background: {c.line}; }}
    QToolButton[switch="true"]:checked {{ background: {c.selected}; }}
    QToolButton::menu-indicator {{ image: none; }}
    QToolButton#project, QToolButton#search {{ padding: 4px 10px; }}
    QToolButton#search {{ background: {c.surface}; color: {c.muted}; border: 1px solid {c.line}; }}
    QToolButton#search:hover, QToolButton#search:focus {{ border: 1px solid {c.accent}; }}
    {_fields(c)}
    {_switches(c)}
    {_scroll_bars(c)}
    QTableView {{ background: {c.surface}; border: none; outline: 1px solid {c.accent}; gridline-color: {c.line}; selection-background-color: {c.selected}; selection-color: {c.text}; }}
    QHeaderView::section {{ background: {c.window}; color: {c.muted}; border: none; border-bottom: 1px solid {c.line}; padding: 6px 8px; font-weight: normal; }}
    QProgressBar {{ background: {c.line}; border: none; border-radius: 4px; max-height: 8px; min-height: 8px; }}
    QProgressBar::chunk {{ background: {c.accent}; border-radius: 4px; }}
    QScrollArea {{ border: none; background: transparent; }}
    QScrollArea > QWidget > QWidget {{ background: transparent; }}
    QFrame#card {{ background: {c.surface}; border-radius: 10px; }}
    QFrame#card[clickable="true"] {{ border: 2px solid transparent; }}
    QFrame#card[clickable="true"]:hover {{ border: 2px solid {c.line}; }}
    QFrame#card[clickable="true"]:focus {{ border: 2px solid {c.accent}; }}
    QFrame#bar, QFrame#rail {{ background: {c.raised}; }}
    QFrame#notice {{ background: {c.surface}; border-bottom: 1px solid {c.line}; }}
    QSplitter::handle {{ background: transparent; }}
    QTabBar::tab {{ padding: 6px 13px; border: none; color: {c.muted}; border-bottom: 2px solid transparent; }}
    QTabBar::tab:selected {{ color: {c.text}; border-bottom: 2px solid {c.accent}; }}
    QTabBar[tight="true"]::tab {{ padding: 6px 5px; }}
    QTabBar::scroller {{ width: 48px; }}
    QTabBar QToolButton {{ background: {c.window}; border-radius: 0; padding: 0; }}
    QTabWidget::pane {{ border: none; }}
    """


def _fields(c: Colours) -> str:
    """Lines, lists, numbers and dates look alike. A style sheet that gives such a field a border must draw all of it."""
    field = "QLineEdit, QPlainTextEdit, QComboBox, QAbstractSpinBox"
    focused = ", ".join(f"{one}:focus" for one in field.split(", "))
    arrows = (paths.resources() / "icons").as_posix()
    shade = "dark" if c is DARK else "light"
    down, up = (
        f'image: url("{arrows}/{way}-{shade}.svg"); width: 12px; height: 12px;' for way in ("down", "up")
    )
    side = "subcontrol-origin: border; border: none; background: transparent; width: 24px;"
    return f"""
    {field} {{ background: {c.surface}; color: {c.text}; border: 1px solid {c.line}; border-radius: 6px; padding: 4px 8px; min-height: 22px; }}
    {focused} {{ border: 2px solid {c.accent}; padding: 3px 7px; }}
    QComboBox:disabled, QAbstractSpinBox:disabled, QLineEdit:disabled {{ background: {c.raised}; color: {c.muted}; }}
    QAbstractSpinBox QLineEdit, QComboBox QLineEdit {{ border: none; padding: 0; background: transparent; }}
    QComboBox, QAbstractSpinBox {{ padding-right: 24px; }}
    QComboBox:focus, QAbstractSpinBox:focus {{ padding-right: 23px; }}
    QComboBox::drop-down, QDateTimeEdit::drop-down {{ {side} subcontrol-position: center right; }}
    QComboBox::down-arrow, QDateTimeEdit::down-arrow {{ {down} }}
    QComboBox QAbstractItemView {{ background: {c.surface}; border: 1px solid {c.line}; padding: 4px; outline: none; selection-background-color: {c.selected}; selection-color: {c.text}; }}
    QSpinBox::up-button, QDoubleSpinBox::up-button {{ {side} subcontrol-position: top right; margin-top: 3px; }}
    QSpinBox::down-button, QDoubleSpinBox::down-button {{ {side} subcontrol-position: bottom right; margin-bottom: 3px; }}
    QSpinBox::up-arrow, QDoubleSpinBox::up-arrow {{ {up} }}
    QSpinBox::down-arrow, QDoubleSpinBox::down-arrow {{ {down} }}
    QSpinBox::up-button:hover, QSpinBox::down-button:hover, QDoubleSpinBox::up-button:hover, QDoubleSpinBox::down-button:hover {{ background: {c.raised}; border-radius: 4px; }}
    """


def _switches(c: Colours) -> str:
    """Boxes to tick and sliders: Fusion's own can hardly be seen in the dark."""
    tick = (paths.resources() / "icons" / f"tick-{'dark' if c is DARK else 'light'}.svg").as_posix()
    return f"""
    QCheckBox {{ spacing: 8px; }}
    QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid {c.muted}; border-radius: 4px; background: {c.surface}; }}
    QCheckBox::indicator:hover {{ border-color: {c.accent}; }}
    QCheckBox::indicator:checked {{ background: {c.accent}; border-color: {c.accent}; image: url("{tick}"); }}
    QCheckBox::indicator:focus {{ border: 2px solid {c.text}; width: 12px; height: 12px; }}
    QCheckBox::indicator:disabled {{ background: {c.raised}; border-color: {c.line}; }}
    QCheckBox::indicator:checked:disabled {{ background: {c.muted}; }}
    QSlider:horizontal {{ min-height: 20px; }}
    QSlider::groove:horizontal {{ height: 4px; border-radius: 2px; background: {c.line}; }}
    QSlider::sub-page:horizontal {{ height: 4px; border-radius: 2px; background: {c.accent}; }}
    QSlider::handle:horizontal {{ width: 12px; height: 12px; margin: -5px 0; border: 1px solid {c.accent}; border-radius: 7px; background: {c.surface}; }}
    QSlider::handle:horizontal:hover {{ background: {c.accent}; }}
    QSlider::handle:horizontal:focus {{ background: {c.accent}; border: 2px solid {c.text}; width: 10px; height: 10px; }}
    QSlider::sub-page:horizontal:disabled, QSlider::handle:horizontal:disabled {{ background: {c.line}; border-color: {c.line}; }}
    """


def _scroll_bars(c: Colours) -> str:
    return f"""
    QScrollBar {{ background: transparent; border: none; margin: 0; }}
    QScrollBar:vertical {{ width: 10px; }}
    QScrollBar:horizontal {{ height: 10px; }}
    QScrollBar::handle {{ background: {c.line}; border-radius: 3px; margin: 2px; }}
    QScrollBar::handle:hover, QScrollBar::handle:pressed {{ background: {c.muted}; }}
    QScrollBar::handle:vertical {{ min-height: {GRID * 4}px; }}
    QScrollBar::handle:horizontal {{ min-width: {GRID * 4}px; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; border: none; background: none; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: none; }}
    QAbstractScrollArea::corner {{ background: transparent; border: none; }}
    """
