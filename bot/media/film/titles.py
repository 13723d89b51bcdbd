"""The lettering of a film: the prompt as its caption, a slate that says what it is, a running clock."""

from PIL import Image, ImageDraw

from bot.media.film.lettering import drawable, width_of, wrapped, write
from bot.media.film.mood import Mood
from bot.media.film.planes import SCALES, Frame, Stamp, yuv

WHITE = (255, 255, 255, 255)
SOFT = (255, 255, 255, 205)
FADE_S = 0.6


class Titles:
    """Drawn once; pressed onto every frame."""

    def __init__(
        self, *, prompt: str, label: str, length_s: float, size_px: tuple[int, int], rate: int, mood: Mood
    ) -> None:
        self._size_px, self._length_s, self._rate, self._mood = size_px, length_s, rate, mood
        self._unit = min(size_px) / 720
        self._edge = _even(44 * self._unit)
        self._slate = self._draw_slate(label)
        self._caption = self._draw_caption(prompt)
        self._digits = {each: self._draw_digit(each) for each in "0123456789:"}

    def press(self, frame: Frame, time_s: float) -> None:
        self._slate.press(frame)
        self._caption.press(frame, min(1.0, 0.25 + time_s / FADE_S))
        self._press_clock(frame, time_s)
        self._press_progress(frame, time_s)

    def _draw_slate(self, label: str) -> Stamp:
        size = max(9, round(19 * self._unit))
        text = drawable(label)
        while width_of(text, size) > self._size_px[0] - 4 * self._edge and size > 8:
            size -= 1
        width, height = _even(width_of(text, size) + size * 2.7), _even(size * 2.1)
        pill = Image.new("RGBA", (width * 4, height * 4))
        ImageDraw.Draw(pill).rounded_rectangle((0, 0, width * 4 - 1, height * 4 - 1), height * 2, fill=(0, 0, 0, 128))
        dot = height * 1.15
        ImageDraw.Draw(pill).ellipse(
            (dot, height * 2 - size, dot + size * 2, height * 2 + size), fill=(*self._mood.palette.accent, 255)
        )
        pill = pill.resize((width, height), Image.Resampling.LANCZOS)
        write(pill, (size * 1.75, height * 0.5 + size * 0.35), text, size_px=size, colour=SOFT)
        return Stamp.of(pill, (self._edge, self._edge))

    def _draw_caption(self, prompt: str) -> Stamp:
        """White letters over a scrim that darkens the lower edge, whatever the scenery is."""
        width, height = self._size_px
        size = max(11, round(40 * self._unit))
        words = drawable(prompt)
        if len(words) < len(prompt.strip()) / 2:  # a script without a font on this machine: say what is seen instead
            words = f"{self._mood.place.value.capitalize()}, {self._mood.weather.value}"
        room = width - 2 * self._edge - 26 * self._unit
        lines = wrapped(words, size, width_px=room, lines_max=2)
        if len(wrapped(words, size, width_px=room, lines_max=3)) > 2:
            size = max(10, round(31 * self._unit))
            lines = wrapped(words, size, width_px=room, lines_max=3)
        leading, small = size * 1.32, max(9, round(18 * self._unit))
        note = f"{self._length_s:g} s   ·   {width} × {height}   ·   {self._mood.move.value}"
        foot = 0.8 * self._edge
        tall = min(height, _even(leading * len(lines) + small * 2.2 + foot + 90 * self._unit))
        sheet = Image.new("RGBA", (width, tall))
        darker = [round((level / 255) ** 1.2 * 200) for level in range(256)]
        sheet.putalpha(Image.linear_gradient("L").resize((width, tall)).point(darker))
        block_end = tall - foot - small * 1.9
        block_start = block_end - leading * len(lines) + size * 0.28
        bar = (self._edge, round(block_start), self._edge + max(2, round(5 * self._unit)), round(tall - foot))
        sheet.paste((*self._mood.palette.accent, 255), bar)
        left = self._edge + 26 * self._unit
        for number, line in enumerate(lines):
            baseline = block_start + size * 0.86 + number * leading
            lettering = Image.new("RGBA", sheet.size, (255, 255, 255, 0))
            write(lettering, (left, baseline), line, size_px=size, colour=WHITE, weight_px=size / 52)
            sheet.alpha_composite(lettering)
        lettering = Image.new("RGBA", sheet.size, (255, 255, 255, 0))
        write(lettering, (left, tall - foot - 1), note, size_px=small, colour=SOFT)
        sheet.alpha_composite(lettering)
        return Stamp.of(sheet, (0, _even(height - tall)))

    def _draw_digit(self, digit: str) -> Image.Image:
        size = max(9, round(20 * self._unit))
        sheet = Image.new("RGBA", (_even(size * 0.66), _even(size * 1.3)), (255, 255, 255, 0))
        write(sheet, ((sheet.width - width_of(digit, size)) / 2, size), digit, size_px=size, colour=SOFT)
        return sheet

    def _press_clock(self, frame: Frame, time_s: float) -> None:
        number = round(time_s * self._rate)
        seconds = number // self._rate
        text = f"{seconds // 60:02}:{seconds % 60:02}:{number % self._rate:02}"
        wide, tall = self._digits["0"].size
        sheet = Image.new("RGBA", (wide * len(text), tall), (255, 255, 255, 0))
        for place, digit in enumerate(text):
            sheet.paste(self._digits[digit], (place * wide, 0))
        at = (_even(self._size_px[0] - self._edge - sheet.width), _even(self._edge + 6 * self._unit))
        if at[0] > self._slate.at[0] + self._slate.values[0].shape[1]:
            Stamp.of(sheet, at).press(frame)

    def _press_progress(self, frame: Frame, time_s: float) -> None:
        """A hairline that grows along the lower edge."""
        thick = max(2, _even(4 * self._unit))
        done = _even(self._size_px[0] * min(1.0, (time_s + 1 / self._rate) / self._length_s))
        for plane, level, scale in zip(frame.bands, yuv(self._mood.palette.accent), SCALES, strict=True):
            plane[-thick // scale :, : done // scale] = level


def _even(length_px: float) -> int:
    return max(2, round(length_px / 2) * 2)
