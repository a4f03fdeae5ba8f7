"""An icon that stands by itself, as a picture above words."""

from PySide6.QtWidgets import QLabel, QWidget

from camtrap_gui.ui.theme import icon, theme


class Sign(QLabel):
    """Shows an icon in a colour of the theme (a name of ``Colours``), ``side`` pixels wide and high."""

    def __init__(self, name: str, colour: str, side: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._colour, self._side = name, colour, side
        self._draw()
        theme.changed.connect(self._draw)

    def _draw(self) -> None:
        self.setPixmap(icon(self._name, getattr(theme.colours, self._colour)).pixmap(self._side, self._side))
