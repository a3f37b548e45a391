"""`python -m app`: the dashboard on this machine."""

from __future__ import annotations

import click

from app.settings import Settings, settings_from_environment


@click.command()
@click.option("--host", metavar="ADDRESS", help="Where to listen; default: this machine only (127.0.0.1).")
@click.option("--port", type=click.IntRange(1, 65_535), metavar="N", help="Default: 8050.")
@click.option("--store", metavar="PATH", help="Where results are kept; default: results/trialsim.sqlite.")
@click.option("--jobs", type=click.IntRange(1, 64), metavar="N", help="Threads of a simulation; default: 1.")
def main(host: str | None, port: int | None, store: str | None, jobs: int | None) -> None:
    """Serve the dashboard: design exploration in the browser.

    \b
    Example:
      python -m app --port 8051
    """
    from dataclasses import replace

    try:
        settings = settings_from_environment()
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    given = {"host": host, "port": port, "store": store, "n_jobs": jobs}
    serve(replace(settings, **{name: value for name, value in given.items() if value is not None}))  # type: ignore[arg-type]


def serve(settings: Settings) -> None:
    """Serve until somebody presses Ctrl-C."""
    import socket

    import waitress

    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise click.ClickException(
                f"{settings.host}:{settings.port} cannot be used ({error.strerror}); choose another --port."
            ) from None
    if settings.host not in ("127.0.0.1", "localhost", "::1"):
        click.echo(
            "Everybody who reaches this address can use the dashboard; put a proxy with sign-on before it.", err=True
        )
    from app.main import create_app
    from app.managers import QueueError

    click.echo("Starting (the first start compiles the kernels; that takes about a minute) …", err=True)
    try:
        server = create_app(settings).server
    except QueueError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"trialsim is ready: http://{settings.host}:{settings.port}/  (Ctrl-C ends it)", err=True)
    waitress.serve(
        server,
        host=settings.host,
        port=settings.port,
        threads=settings.threads,
        channel_timeout=60,
        max_request_body_size=settings.max_request,
        ident=None,
        _quiet=True,
    )


if __name__ == "__main__":
    main()
