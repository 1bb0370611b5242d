"""The style sheet of the whole window, out of one palette. Widgets are told apart by class and by `kind`.

It also sets what code would set with the enums of Qt's namespace, `qproperty-…`: PySide builds that namespace, all
of it, when it is first imported, and takes a quarter of the time to the first frame for it.
"""

from __future__ import annotations

from string import Template

from lorastudio.ui.colours import Colours

SHEET = Template("""
QMainWindow, QDialog, #stack, #content { background: $background; }
QToolTip { background: $field; color: $text; border: 1px solid $line; padding: 3px 6px; }
Text { qproperty-textFormat: PlainText; }
Heading { font-size: 20px; font-weight: 600; }
Subheading { font-weight: 600; }
Dim, StateLine, ElidedText[kind="dim"] { color: $dim; }
Dim[kind="good"], Strong[kind="good"] { color: $good; }
Dim[kind="bad"], Strong[kind="bad"] { color: $bad; }
Dim[kind="warn"], Strong[kind="warn"] { color: $warn; }
Strong { font-weight: 600; }
Strong[kind="dim"] { font-weight: 400; color: $dim; }
Figure[kind="dim"] { color: $dim; }
Figure[kind="good"] { color: $good; }
Figure[kind="bad"] { color: $bad; }

Card { background: $card; border: 1px solid $line; border-radius: 10px; }
Card[kind="chosen"] { border-color: $accent; }
Card[kind="flat"] { background: $background; }

Chip { border-radius: 9px; padding: 1px 9px; min-height: 16px; font-size: 11px; font-weight: 600;
    background: $line; color: $dim; }
Chip { qproperty-alignment: AlignCenter; }
Chip[kind="good"] { background: $good_back; color: $good; }
Chip[kind="bad"] { background: $bad_back; color: $bad; }
Chip[kind="warn"] { background: $warn_back; color: $warn; }
Chip[kind="accent"] { background: $accent_back; color: $accent; }

QPushButton { border: 1px solid $line; background: $field; color: $text; border-radius: 7px; padding: 5px 12px; }
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $line; }
QPushButton:focus { border-color: $accent; }
QPushButton:checked { background: $accent_back; color: $accent; border-color: $accent; }
QPushButton:disabled { color: $faint; }
QPushButton[kind="small"] { padding: 2px 9px; border-radius: 6px; }
QPushButton[kind="filter"] { padding: 2px 7px; border-radius: 9px; border: 1px solid $line; background: $line;
    color: $dim; font-weight: 600; }
QPushButton[kind="filter"]:hover { background: $hover; }
QPushButton[kind="filter"]:checked { background: $accent_back; border-color: $accent_back; color: $accent; }
QPushButton[kind="filter"]:focus { border-color: $accent; }
QPushButton[kind="primary"] { background: $accent; border-color: $accent; color: $on_accent; font-weight: 600; }
QPushButton[kind="good"] { background: $good; border-color: $good; color: $on_good; font-weight: 600; }
QPushButton[kind="primary"]:focus, QPushButton[kind="good"]:focus { border: 2px solid $text; padding: 4px 11px; }
QPushButton[kind="danger"] { color: $bad; }
QPushButton[kind="primary"]:disabled, QPushButton[kind="good"]:disabled {
    background: $line; border-color: $line; color: $faint; }
QPushButton[kind="danger"]:disabled { color: $faint; }
QPushButton[kind="link"] { border: none; background: transparent; color: $accent; padding: 0; text-align: left; }
QPushButton[kind="link"]:focus { text-decoration: underline; }
QPushButton[kind="row"] { border-color: transparent; background: transparent; padding: 0; }
QPushButton[kind="row"]:hover { background: $hover; }
QPushButton[kind="row"]:checked { background: $accent_back; }
QPushButton[kind="row"]:focus { border-color: $accent; }
QPushButton[kind="row"] > QLabel { color: $text; }
Button > QLabel { color: $text; background: transparent; }
Button[kind="primary"] > QLabel { color: $on_accent; font-weight: 600; }
Button[kind="good"] > QLabel { color: $on_good; font-weight: 600; }
Button[kind="danger"] > QLabel { color: $bad; }
Button > QLabel:disabled { color: $faint; }
Key { font-size: 11px; color: $faint; border: 1px solid $line; border-radius: 4px; padding: 0 4px; background: $card; }
Button[kind="primary"] > Key { color: $on_accent; border-color: rgba(255, 255, 255, 110); background: transparent;
    font-weight: 400; }
Button[kind="good"] > Key { color: $on_good; border-color: rgba(128, 128, 128, 150); background: transparent;
    font-weight: 400; }

Button > Key:disabled { color: $faint; border-color: $line; background: transparent; }

QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox, QComboBox {
    border: 1px solid $line; background: $field; color: $text; border-radius: 6px; padding: 5px 9px;
    selection-background-color: $accent; selection-color: $on_accent; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus {
    border-color: $accent; }
QLineEdit:disabled, QPlainTextEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled {
    color: $faint; background: $card; }
QLineEdit[kind="bad"] { border-color: $bad; }
QPlainTextEdit[kind="plain"], QTextEdit[kind="plain"] { border: none; background: transparent; padding: 0; }
QComboBox::drop-down { border: none; width: 20px; }
QComboBox::down-arrow { image: url("$chevron"); width: 12px; height: 12px; }
QComboBox QAbstractItemView { background: $field; color: $text; border: 1px solid $line;
    selection-background-color: $accent; selection-color: $on_accent; outline: none; }
QComboBox[kind="title"] { border: 1px solid transparent; background: transparent; padding: 1px 0; font-weight: 600; }
QComboBox[kind="title"]:focus { border-color: $accent; }
QComboBox[kind="title"]::drop-down { width: 14px; }
QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button {
    width: 0; border: none; }
QCheckBox, QRadioButton { color: $text; spacing: 8px; }
QCheckBox::indicator { width: 14px; height: 14px; border: 1px solid $faint; border-radius: 4px; background: $field; }
QCheckBox::indicator:checked { background: $accent; border-color: $accent; image: url("$tick"); }
QCheckBox:focus, QRadioButton:focus { color: $accent; }

QListView, QTreeView, QTableView { background: $card; color: $text; border: 1px solid $line; border-radius: 10px;
    outline: none; selection-background-color: $accent_back; selection-color: $text; gridline-color: $line; }
QListView[kind="inside"], QTreeView[kind="inside"], QTableView[kind="inside"] { border: none;
    background: transparent; }
QListView:focus, QTreeView:focus, QTableView:focus { border-color: $accent; }
QHeaderView { background: transparent; }
QHeaderView::section { background: transparent; color: $dim; font-size: 11px; font-weight: 600; border: none;
    border-bottom: 1px solid $line; padding: 7px 8px; }
QTableView::item, QTreeView::item { border-bottom: 1px solid $line; padding: 4px 8px; }

QScrollArea { border: none; background: transparent; }
QScrollArea > QWidget > QWidget { background: transparent; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 2px; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 2px; }
QScrollBar::handle { background: $line; border-radius: 3px; min-height: 28px; min-width: 28px; }
QScrollBar::handle:hover { background: $faint; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {
    background: transparent; width: 0; height: 0; }
QSplitter::handle { background: transparent; }
QSplitter::handle:hover { background: $line; }

ThinBar { border: none; border-radius: 2px; background: $line; }
ThinBar::chunk { border-radius: 2px; background: $accent; }
ThinBar[kind="good"]::chunk { background: $good; }
ThinBar[kind="warn"]::chunk { background: $warn; }
ThinBar[kind="bad"]::chunk { background: $bad; }
ThinBar[kind="dim"]::chunk { background: $faint; }

QSlider::groove:horizontal { height: 5px; border-radius: 2px; background: $line; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 2px; }
QSlider::handle:horizontal { background: $field; border: 1px solid $faint; width: 11px; height: 11px;
    margin: -4px 0; border-radius: 6px; }
QSlider::handle:horizontal:focus { border-color: $accent; }

ErrorBar { background: $bad_back; border: 1px solid $bad; border-radius: 8px; }
NoticeBar { background: $accent_back; border: 1px solid $accent; border-radius: 8px; }

#sidebar { background: $side; border: none; border-right: 1px solid $line; }
#sidebar QLabel[kind="section"] { color: $faint; font-size: 11px; font-weight: 600; padding: 10px 10px 4px 10px; }
#live { background: $background; border: 1px solid $line; border-radius: 9px; }
NavButton { border: 1px solid transparent; border-radius: 7px; background: transparent; padding: 0; }
NavButton:hover { background: $hover; }
NavButton:focus { border-color: $accent; }
NavButton:checked { background: $accent; }
NavButton:checked:focus { border-color: $text; }
NavButton > QLabel { color: $text; background: transparent; }
NavButton > Count { color: $dim; font-size: 11px; }
NavButton[kind="on"] > QLabel { color: $on_accent; }
#first_run Heading { font-size: 26px; qproperty-alignment: AlignCenter; }
#first_run Subheading { font-size: 15px; }
Dim[kind="lead"] { qproperty-alignment: AlignCenter; }
Figure[objectName="sidebar.address"] { qproperty-textInteractionFlags: TextSelectableByMouse; }
#footer { background: $side; border: none; border-top: 1px solid $line; }
#footer QLabel { color: $dim; font-size: 12px; }
#footer QPushButton { font-size: 12px; padding: 2px 9px; border-radius: 6px; }

QMenuBar { background: $side; color: $text; border-bottom: 1px solid $line; }
QMenuBar::item { background: transparent; padding: 4px 9px; border-radius: 4px; }
QMenuBar::item:selected { background: $hover; }
QMenu { background: $field; color: $text; border: 1px solid $line; padding: 4px; }
QMenu::item { padding: 5px 24px 5px 24px; border-radius: 4px; }
QMenu::item:selected { background: $accent; color: $on_accent; }
QMenu::item:disabled { color: $faint; }
QMenu::separator { height: 1px; background: $line; margin: 4px 6px; }
QTabBar::tab { background: transparent; color: $dim; padding: 5px 12px; border: none; }
QTabBar::tab:selected { color: $accent; border-bottom: 2px solid $accent; }

Sheet, #veil { background: rgba(0, 0, 0, 70); }
#sheet { background: $background; border: 1px solid $line; border-radius: 12px; }
""")


def style_sheet(colours: Colours, *, chevron: str, tick: str) -> str:
    """The sheet; `chevron` and `tick` are paths of images in the palette's colours."""
    values = {name: getattr(colours, name) for name in colours.__slots__}
    return SHEET.substitute(values, chevron=chevron, tick=tick)
