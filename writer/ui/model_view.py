"""Shows in the window which model speaks, which are there, and what is being done to them."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from writer.models.loaded import LoadedModel
from writer.models.store import InstalledModel
from writer.ui.form_row import quality
from writer.ui.library import Activity

if TYPE_CHECKING:
    from writer.ui.main_window import MainWindow


_BUILDS_THAT_FORM = "“Also build as half precision” in the menu of its card under Models makes that form."


class ModelView(QObject):
    """Between the controllers of the models and the window's parts. It decides nothing."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window, self._host, self._status, self._notices = window, window.host, window.status, window.notices
        self._views = (window.models, window.pages.welcome)
        window.host.loading.connect(self._on_loading)
        window.host.loaded.connect(self._on_loaded)
        window.switcher.failed.connect(self._on_failed)
        window.switcher.arrived.connect(self._on_arrived)
        self._connect_library()

    def _connect_library(self) -> None:
        window, library, models = self._window, self._window.library, self._window.models
        for view in self._views:
            library.shelf_changed.connect(view.set_shelf)
            view.get_requested.connect(library.get)
            view.pause_requested.connect(library.pause)
            view.cancel_requested.connect(library.cancel)
            view.use_requested.connect(window.switcher.use)
        models.verify_requested.connect(library.verify)
        models.remove_requested.connect(library.remove)
        models.add_requested.connect(library.add)
        models.add_repository_requested.connect(library.add_repository)
        models.devices_requested.connect(library.describe_devices)
        models.machine_chosen.connect(window.choose_machine)
        library.devices_described.connect(models.set_devices)
        library.activity_changed.connect(self._on_activity_changed)
        library.verified.connect(lambda title: self._notices.show_notice(f"Every byte of {title} is right."))
        library.failed.connect(lambda _key, message, hint: window.show_error(message, hint))
        self._status.activity_clicked.connect(lambda: window.rail.open("models"))

    def _on_loading(self, model: InstalledModel) -> None:
        self._status.set_state("Waking the model", busy=False)
        if self._host.model is None:
            self._status.set_model(model.title, "")

    def _on_loaded(self, model: LoadedModel) -> None:
        manifest = model.installed.manifest
        device = "CUDA" if model.session.device == "cuda" else "processor"
        self._status.set_model(manifest.title, device)
        self._status.set_state("Ready", busy=False)
        self._status.set_context(0, model.session.config.n_ctx)
        self._window.about.set_model(
            manifest.title, manifest.licence, model.precision.label, manifest.parameters, device, manifest.disclaimer
        )
        self._window.pages.about.set_model(manifest.title, model.precision.label, device, manifest.licence)
        for view in self._views:
            view.set_used(model.installed.id, model.precision)
        self._window.actions_bar.set_ready(ready=True)
        self._window.takes_panel.set_ready(True)
        self._window.menus.continue_writing.setEnabled(True)
        for note in (model.device_note, manifest.note):
            if note:
                is_about_form = model.lacks_cuda_form and note == model.device_note
                self._notices.show_notice(note, _BUILDS_THAT_FORM if is_about_form else "")

    def _on_arrived(self, model: LoadedModel) -> None:
        manifest = model.installed.manifest
        found = quality(manifest.precisions[model.precision]) if manifest.is_compared else ""
        hint = f"Its {model.precision.label} form, measured here: {found[0].lower()}{found[1:]}." if found else ""
        self._notices.show_notice(f"{manifest.title} is here and speaks now.", hint)

    def _on_failed(self, message: str, hint: str) -> None:
        if self._host.model is None:
            self._status.set_model("", "")
            self._status.set_state("", busy=False)
        else:
            self._on_loaded(self._host.model)
        self._window.show_error(message, hint)

    def _on_activity_changed(self, key: str, activity: Activity | None) -> None:
        for view in self._views:
            view.set_activity(key, activity)
        self._status.set_activity(key, activity)
