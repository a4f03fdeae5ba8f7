"""A form made from a step's options: the same values, words and bounds as on the command line."""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args, get_origin

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLayout,
    QLineEdit,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui.options import Field, fields
from camtrap_gui.remote_pictures import shown as shown_path
from camtrap_gui.ui.theme import GRID, icon, text, theme
from camtrap_gui.ui.widgets import ask
from camtrap_gui.ui.widgets.elided_combo import ElidedCombo

_ABBREVIATIONS = ("csv", "dp", "json", "lila")
_FLAG = re.compile(r"(?<![\w-])(?<!ray start )--([a-z](?:[a-z-]*[a-z])?)")


class OptionsForm(QWidget):
    """Fields for the options of a step; ``value()`` is the options dataclass.

    ``only`` names the fields to show and their order (all by default). ``choices`` gives fields a list to choose
    from that only the project knows, as (value, words) pairs. ``fixed`` holds values the form does not ask for.
    """

    changed = Signal()

    def __init__(
        self,
        options: type,
        only: tuple[str, ...] | None = None,
        choices: dict[str, list[tuple[Any, str]]] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._options = options
        self.fixed: dict[str, Any] = {}
        self._inputs: dict[str, _Input] = {}
        self._layouts: dict[str, QFormLayout] = {}
        self._hidden: frozenset[str] = frozenset()
        self._headings: list[tuple[QWidget, set[str]]] = []
        known = {field.name: field for field in fields(options) if not field.option.positional}
        shown = [known[name] for name in (only or known) if name in known]
        self._names = {name: name_of(field) for name, field in known.items()}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addLayout(self._rows([field for field in shown if not field.option.advanced], choices or {}))
        advanced = [field for field in shown if field.option.advanced]
        self._advanced = {field.name for field in advanced}
        self._fold: Fold | None = None
        if advanced:
            self._fold = Fold("Advanced", self._groups(advanced, choices or {}))
            layout.addWidget(self._fold)

    def value(self) -> Any:
        """The options as they stand in the form."""
        given = {name: row.value() for name, row in self._inputs.items() if name not in self._hidden}
        return self._options(**given, **self.fixed)

    def value_of(self, name: str) -> Any:
        """What stands in one field."""
        return self._inputs[name].value()

    def hide_fields(self, *names: str) -> None:
        """Hide these and no others. What is hidden has its default value, whatever stands in it."""
        self._hidden = frozenset(names)
        for name, row in self._inputs.items():
            self._layouts[name].setRowVisible(row.widget, name not in self._hidden)
        for heading, members in self._headings:
            heading.setHidden(members <= self._hidden)
        if self._fold is not None:
            self._fold.setVisible(not self._advanced <= self._hidden)
        self.changed.emit()

    def unfold(self) -> None:
        """Show the advanced options and take away the fold: for panels where they are the point."""
        if self._fold is not None:
            self._fold.open_for_good()
            labels = [
                label
                for name, row in self._inputs.items()
                if (label := self._layouts[name].labelForField(row.widget)) is not None
            ]
            widest = max((label.sizeHint().width() for label in labels), default=0)
            for label in labels:  # two layouts, one column
                label.setMinimumWidth(widest)

    def set_value(self, name: str, value: Any) -> None:
        """Put a value into one field."""
        self._inputs[name].set_value(value)

    def set_choices(self, name: str, choices: list[tuple[Any, str]]) -> None:
        """Change what one field's list offers; what is chosen stays chosen if it is still there."""
        box = self._inputs[name].widget
        assert isinstance(box, QComboBox)
        chosen = box.currentData()
        with QSignalBlocker(box):
            box.clear()
            for value, shown in choices:
                box.addItem(shown, value)
            box.setCurrentIndex(max(0, box.findData(chosen)))
        self.changed.emit()

    def input(self, name: str) -> QWidget:
        """The widget of one field, for tests and for labels beside it."""
        return self._inputs[name].widget

    def give_a_line(self, name: str) -> None:
        """Put one field below its label, where its values need the whole line."""
        form, field = self._layouts[name], self._inputs[name].widget
        position: Any = form.getWidgetPosition(field)
        label = form.labelForField(field)
        assert label is not None
        label.setMinimumHeight(0)  # it stands beside the field no more
        form.takeRow(field)
        form.insertRow(position[0], label)
        form.insertRow(position[0] + 1, field)

    def in_fields(self, sentence: str) -> str:
        """A sentence that names flags of the command line, with the names that fields have here."""
        return in_fields(sentence, self._names)

    def _groups(self, shown: list[Field], choices: dict[str, list[tuple[Any, str]]]) -> QVBoxLayout:
        """Rows below the headings that the options ask for, in the order of their first ones."""
        column = QVBoxLayout()
        column.setSpacing(GRID)
        for group in dict.fromkeys(field.option.group for field in shown):
            members = [field for field in shown if field.option.group == group]
            if group:
                heading = text(group, bold=True)
                heading.setContentsMargins(0, GRID if column.count() else 0, 0, 0)
                self._headings.append((heading, {field.name for field in members}))
                column.addWidget(heading)
            rows = self._rows(members, choices)
            if group:  # below each other, so that all fields are as wide, whatever their labels
                rows.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
                for member in members:
                    if (label := rows.labelForField(self._inputs[member.name].widget)) is not None:
                        label.setMinimumHeight(0)
            column.addLayout(rows)
        return column

    def _rows(self, shown: list[Field], choices: dict[str, list[tuple[Any, str]]]) -> QFormLayout:
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setSpacing(GRID)
        for field in shown:
            row = _Input(field, choices.get(field.name))
            row.widget.setToolTip(_tip(field))
            row.widget.setAccessibleName(name_of(field))
            row.widget.setAccessibleDescription(field.option.help)
            row.on_change(self.changed.emit)
            self._inputs[field.name] = row
            self._layouts[field.name] = form
            if isinstance(row.widget, QCheckBox):
                row.widget.setText(name_of(field))
                form.addRow(row.widget)
            else:
                label = text(name_of(field), role="muted")
                label.setToolTip(_tip(field))
                label.setBuddy(row.widget)
                label.setMinimumHeight(row.widget.sizeHint().height())
                form.addRow(label, row.widget)
        return form


class _Input:
    """One field's widget, and how to read and write it."""

    def __init__(self, field: Field, choices: list[tuple[Any, str]] | None) -> None:
        self._field = field
        kind, self._optional = _bare(field.type)
        self._many = get_origin(kind) is tuple
        default = None if field.default is dataclasses.MISSING else field.default
        if choices is None and field.option.choices is not None:
            choices = [(choice, words(choice)) for choice in field.option.choices]
        if choices is not None and not self._many:
            self.widget: QWidget = _combo(choices, self._optional, default)
        elif kind is bool:
            self.widget = QCheckBox()
        elif kind is int and not self._optional:
            self.widget = _whole_number(field)
        elif kind is float and not self._optional:
            self.widget = _number(field)
        elif kind is Path:
            self.widget = PathEdit(field.option.folder)
        else:
            self.widget = QLineEdit()
            self.widget.setPlaceholderText("Automatic" if self._optional else "")
        self._kind = kind
        self.set_value(default)

    def value(self) -> Any:
        widget = self.widget
        if isinstance(widget, QComboBox):
            return widget.currentData()
        if isinstance(widget, QCheckBox):
            return widget.isChecked()
        if isinstance(widget, QSpinBox | QDoubleSpinBox):
            return widget.value()
        assert isinstance(widget, QLineEdit | PathEdit)
        words_given = widget.text().strip()
        if self._many:
            item = get_args(self._kind)[0]
            return tuple(item(part.strip()) for part in words_given.split(",") if part.strip())
        if not words_given and self._optional:
            return None
        return self._kind(words_given)

    def set_value(self, value: Any) -> None:
        widget = self.widget
        if isinstance(widget, QComboBox):
            widget.setCurrentIndex(max(0, widget.findData(value)))
        elif isinstance(widget, QCheckBox):
            widget.setChecked(bool(value))
        elif isinstance(widget, QSpinBox | QDoubleSpinBox):
            widget.setValue(value or 0)
        elif isinstance(widget, QLineEdit | PathEdit):
            shown = (
                ", ".join(map(str, value))
                if isinstance(value, tuple)
                else ""
                if value is None
                else shown_path(value)
                if isinstance(value, Path)
                else str(value)
            )
            widget.setText(shown)

    def on_change(self, slot: Any) -> None:
        widget = self.widget
        if isinstance(widget, QComboBox):
            widget.currentIndexChanged.connect(lambda _: slot())
        elif isinstance(widget, QCheckBox):
            widget.toggled.connect(lambda _: slot())
        elif isinstance(widget, QSpinBox | QDoubleSpinBox):
            widget.valueChanged.connect(lambda _: slot())
        elif isinstance(widget, QLineEdit | PathEdit):
            widget.textChanged.connect(lambda _: slot())


class PathEdit(QWidget):
    """A path that can be typed, pasted or chosen."""

    textChanged = Signal(str)

    def __init__(self, folder: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._edit = QLineEdit()
        self._edit.textChanged.connect(self.textChanged)
        self._button = button = QToolButton()
        self._tint()
        theme.changed.connect(self._tint)
        button.clicked.connect(self._choose)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID // 2)
        layout.addWidget(self._edit)
        layout.addWidget(button)
        self.setFocusProxy(self._edit)

    def setAccessibleName(self, name: str) -> None:
        """Name the field and its button for those who cannot see them."""
        super().setAccessibleName(name)
        self._edit.setAccessibleName(name)
        self._button.setAccessibleName(f"Choose: {name}")

    def text(self) -> str:
        """The path as typed."""
        return self._edit.text()

    def setText(self, path: str) -> None:
        """Show a path."""
        self._edit.setText(path)

    def _tint(self) -> None:
        self._button.setIcon(icon("folder-open-outline"))

    def _choose(self) -> None:
        start = Path(self.text() or Path.home())
        if self._folder:
            ask.for_folder(self, "Choose a folder", start, lambda path: self.setText(str(path)))
        else:
            ask.for_files(
                self,
                "Choose a file",
                start.parent,
                "All files (*)",
                lambda paths: self.setText(str(paths[0])),
            )


class Fold(QWidget):
    """Rows behind a heading that opens and closes them."""

    def __init__(self, title: str, rows: QLayout) -> None:
        super().__init__()
        self._button = QToolButton()
        self._button.setText(title)
        self._button.setCheckable(True)
        self._button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._button.setArrowType(Qt.ArrowType.RightArrow)
        self._button.toggled.connect(self._show)
        self._body = QWidget()
        self._body.setLayout(rows)
        rows.setContentsMargins(0, 0, 0, 0)
        self._body.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._button)
        layout.addWidget(self._body)

    def open_for_good(self) -> None:
        self._body.show()
        self._button.hide()

    def _show(self, shown: bool) -> None:
        self._button.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
        self._body.setVisible(shown)


def words(name: str) -> str:
    """A field's name for people: "test_fraction" is "Test fraction", "json" is "JSON"."""
    parts = name.replace("_", " ").replace("-", " ").capitalize().split(" ")
    return " ".join(part.upper() if part.lower() in _ABBREVIATIONS else part for part in parts)


def in_fields(sentence: str, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """A sentence that names flags of the command line ("--time-zone"), for those who see fields: “Time zone”.

    ``names`` are those of fields that are called otherwise.
    """
    return _FLAG.sub(lambda flag: f"“{names.get(flag[1].replace('-', '_'), words(flag[1]))}”", sentence)


def name_of(field: Field) -> str:
    """What a field is called where people see it."""
    return field.option.label or words(field.name)


def _bare(kind: Any) -> tuple[Any, bool]:
    arguments = get_args(kind)
    if type(None) in arguments:
        return next(argument for argument in arguments if argument is not type(None)), True
    return kind, False


def _combo(choices: list[tuple[Any, str]], optional: bool, default: Any) -> QComboBox:
    combo = ElidedCombo()
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(8)
    if optional and default is None and all(value is not None for value, _ in choices):
        combo.addItem("Automatic", None)
    for value, shown in choices:
        combo.addItem(shown, value)
    return combo


def _whole_number(field: Field) -> QSpinBox:
    box = QSpinBox()
    box.setRange(int(field.option.low or 0), int(field.option.high or 1_000_000_000))
    box.setGroupSeparatorShown(True)
    box.setSpecialValueText(field.option.lowest)
    box.lineEdit().setTextMargins(GRID - 2, 0, 0, 0)  # as in a line; the style sheet's padding is not heeded
    box.setSuffix(f" {field.option.unit}" if field.option.unit else "")
    return box


def _number(field: Field) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    low, high = field.option.low or 0.0, field.option.high if field.option.high is not None else 1e9
    box.setRange(low, high)
    box.lineEdit().setTextMargins(GRID - 2, 0, 0, 0)
    box.setDecimals(field.option.decimals if high - low <= 100 else 0)
    box.setSpecialValueText(field.option.lowest)
    if field.option.decimals > 2:
        box.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
    box.setSingleStep(0.05 if high - low <= 2 else 0.1 if high - low <= 20 else 1)
    box.setSuffix(f" {field.option.unit}" if field.option.unit else "")
    return box


def _tip(field: Field) -> str:
    unit = f" ({field.option.unit})" if field.option.unit else ""
    return f"<p>{field.option.help}{unit}</p>"
