"""A place painted once and composed again for each frame."""

from bot.media.film.air import airborne
from bot.media.film.places import PAINTERS
from bot.media.film.planes import Canvas
from bot.media.film.sky import clouds, paint_sky
from bot.media.film.stage import Stage


class Scenery:
    def __init__(self, stage: Stage) -> None:
        self._sky = paint_sky(stage)
        self._layers = [clouds(stage), *PAINTERS[stage.mood.place](stage)]
        self._sprites = airborne(stage)

    def compose(self, time_s: float, offset_px: tuple[float, float]) -> Canvas:
        """The whole frame at a moment, with the camera so far from its middle."""
        canvas = self._sky.copy()
        for layer in self._layers:
            layer.place(canvas, time_s, offset_px)
        for sprite in self._sprites:
            sprite.place(canvas, time_s)
        return canvas
