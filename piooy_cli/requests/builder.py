"""Building a complete, checked Order from a request: defaults, references, scene."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.inputs import ResultRef
from piooy_cli.domain.models import MediaType, Order
from piooy_cli.domain.tags import check_tags
from piooy_cli.domain.text import check_text, is_blank
from piooy_cli.requests import options

if TYPE_CHECKING:
    from piooy_cli.config.settings import Settings
    from piooy_cli.requests.catalogue import Catalogue
    from piooy_cli.requests.input_refs import InputRefs

_LONGEST_WORD = 1000


class RequestSpec(NamedTuple):
    """A request as the user wrote it, and its tags. None or empty: the defaults apply."""

    media: str | None = None
    model: str | None = None
    provider: str | None = None
    scene: str | None = None
    prompt: str = ""
    images: tuple[str, ...] = ()
    videos: tuple[str, ...] = ()
    options: Mapping[str, Any] = MappingProxyType({})
    tags: Mapping[str, str] = MappingProxyType({})

    def over(self, other: "RequestSpec") -> "RequestSpec":
        """Return this request, with gaps filled from `other`; options and tags are merged."""
        given = {name: value for name, value in self._asdict().items() if value}
        given["options"] = {**other.options, **self.options}
        given["tags"] = {**other.tags, **self.tags}
        return other._replace(**given)


class RequestBuilder:
    """Completes requests from settings and catalogue.

    `inputs` finds results of other tasks; `inline`: local files may be sent.
    """

    def __init__(
        self,
        settings: "Settings",
        catalogue: "Catalogue",
        inputs: "InputRefs",
        *,
        inline: bool = False,
    ) -> None:
        self.inline = inline
        self._settings = settings
        self._catalogue = catalogue
        self._inputs = inputs
        self._defaults: dict[tuple[MediaType, str], Mapping[str, Any]] = {}

    def settled(self, asked: RequestSpec) -> RequestSpec:
        """Apply the user's settings: two requests that are equal afterwards are the same.

        The catalogue is left out, since it changes with versions of piooy. Raises UsageError.
        """
        media = self._media(asked)
        own = self._settings
        options = own.options.get(media)
        return asked._replace(
            media=media,
            model=asked.model or own.model.get(media) or None,
            options={**options, **asked.options} if options else asked.options,
        )

    def order(self, asked: RequestSpec) -> Order:
        """Return the order; reads `inline` files. Raises UsageError if it is not valid."""
        asked = self.settled(asked)
        media, model = MediaType(asked.media or ""), _model_of(asked)
        for words, what in ((model, "model"), (asked.provider, "provider"), (asked.scene, "scene")):
            check_text(words or "", what, _LONGEST_WORD)
        images = [self._input(one, "--image") for one in asked.images]
        videos = [self._input(one, "--video") for one in asked.videos]
        defaults, referred = (
            self._defaults_of(media, model),
            options.reference_options(media, images, videos),
        )
        chosen = {**defaults, **asked.options, **referred}
        if is_blank(asked.prompt) and not options.has_input(chosen):
            raise UsageError("the prompt is empty", 'for example: "a red fox in the snow"')
        return Order(
            media=media,
            scene=asked.scene or options.infer_scene(media, images, videos),
            provider=asked.provider or self._catalogue.provider(model, self._settings.provider),
            model=model,
            prompt=check_text(asked.prompt, "prompt"),
            options=options.check_options(chosen),
            tags=check_tags(asked.tags),
        )

    def has_input(self, asked: RequestSpec) -> bool:
        """Whether the request needs no prompt. Raises UsageError like `order`."""
        asked = self.settled(asked)
        defaults = self._defaults_of(MediaType(asked.media or ""), _model_of(asked))
        given = {**defaults, **asked.options}
        return bool(asked.images or asked.videos) or options.has_input(given)

    def _input(self, text: str, option: str) -> str:
        """Return a URL, a `data:` URI, or a result whose address is found when it is sent."""
        if options.is_url(text, option) or ResultRef.of(text):
            return text
        found = self._inputs.find(text, option, files=not self.inline)
        return found or options.inline_file(text, option, allowed=self.inline)

    def _media(self, asked: RequestSpec) -> MediaType:
        """Return the media type as given, or as the catalogue knows it; it is never guessed."""
        if asked.media:
            try:
                return MediaType(asked.media)
            except ValueError:
                accepted = f"accepted: {', '.join(MediaType)}"
                raise UsageError(f"{asked.media[:60]!r} is not a media type", accepted) from None
        known = self._catalogue.get(asked.model) if asked.model else None
        if known and known.media in set(MediaType):
            return MediaType(known.media)
        what = f"of {asked.model[:60]!r}" if asked.model else "without a model"
        raise UsageError(
            f"the media type {what} is unknown", f"give one of: {', '.join(MediaType)}"
        )

    def _defaults_of(self, media: MediaType, model: str) -> Mapping[str, Any]:
        """Return the default options: the settings' over the catalogue's."""
        if (media, model) not in self._defaults:
            known = self._catalogue.get(model)
            own = self._settings.options.get(media, {})
            self._defaults[media, model] = {**(known.defaults if known else {}), **own}
        return self._defaults[media, model]


def _model_of(asked: RequestSpec) -> str:
    if asked.model:
        return asked.model
    hints = (
        Hint("config set", (f"model.{asked.media}",), "give --model, or set a default: {}", "ID"),
        Hint("models", sentence="to list the known models: {}"),
    )
    raise UsageError(f"no model for {asked.media}", hints)
