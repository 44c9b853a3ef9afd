"""Two habits of our command line that typer does not have of itself.

``streamer`` alone, or with options only, means ``streamer live``; and ``--virtual`` may stand with or without a name.
"""

from typing import Any

from typer.core import TyperCommand, TyperGroup

from streamer.settings.catalogues import PLAYING

DEFAULT_COMMAND = "live"
_MAY_STAND_ALONE = {setting.flag: setting.without_value for setting in PLAYING if setting.without_value}


class DefaultToLive(TyperGroup):
    """A group whose first word may be left out."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the default command in front of options that are not the group's own."""
        own = {name for param in self.get_params(ctx) for name in (*param.opts, *param.secondary_opts)}
        first = args[0] if args else None
        if first is None:
            left_out = not ctx.resilient_parsing  # while a shell completes, the first word may be yet to come
        else:
            left_out = first.startswith("-") and first.partition("=")[0] not in own
        if left_out:
            args = [DEFAULT_COMMAND, *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Commands, and the options of the one that may be left out."""
        found = super().shell_complete(ctx, incomplete)
        if incomplete.startswith("-"):
            found += self.commands[DEFAULT_COMMAND].shell_complete(ctx, incomplete)
        return found


class OptionalValues(TyperCommand):
    """A command some of whose options may stand without their value."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Give an option that stands alone the value that this means."""
        following = [*args[1:], "--"][: len(args)]
        args = [
            f"{word}={_MAY_STAND_ALONE[word]}" if word in _MAY_STAND_ALONE and after.startswith("-") else word
            for word, after in zip(args, following, strict=True)
        ]
        return super().parse_args(ctx, args)
