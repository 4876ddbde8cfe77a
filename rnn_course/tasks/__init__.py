"""Data sets and synthetic tasks, one module or folder each; each returns a `Task` (`base`).

`load_…` reads data that come with a package, `make_…` draws synthetic examples:

    names              the language of a name (slide S1.3)
    number_words       two handwritten digits and a language to a number spelled out (S2.4)
    coins              outputs that depend on each other, with the best likelihood known (S3.2)
    chorales           a bass to a melody (S3.1), and the keys of the next step (S7.3)
    tunes              the next character of an Irish tune (chapter 12)
    years              the year in a sentence, wherever it is (S4)
    letters            what each letter of a word says (S5.1)
    futures            outputs that depend on later inputs, with the best accuracy known (S5.1)
    holes              the pixels that the stroke of a digit encloses (S5.4)
    pronunciations     the phones of a word (S6.1)
    echo               the symbol of some steps ago (S7.2, S7.4, S7.6)
    fluent             a language, asked for long after its country (S8.2)
    adding             the sum of two marked numbers (S8.3)
    copying            ten letters after a long gap (S8.3)
    parity             whether the ones so far are odd (M5)
    selective_copying  ten letters after gaps that differ (M7)
    pixels             a handwritten digit, pixel by pixel

A task imports the package that its data come from when it is called, since some take a second.
"""

from rnn_course.tasks.adding import make_adding
from rnn_course.tasks.base import Batch, Split, Task
from rnn_course.tasks.chorales.frames import load_frames
from rnn_course.tasks.chorales.task import load_chorales
from rnn_course.tasks.coins import make_coins
from rnn_course.tasks.copying import make_copying
from rnn_course.tasks.echo import make_echo
from rnn_course.tasks.fluent import make_fluent
from rnn_course.tasks.futures import make_futures
from rnn_course.tasks.holes import load_holes
from rnn_course.tasks.letters.task import load_letters
from rnn_course.tasks.names import load_names
from rnn_course.tasks.number_words import make_number_words
from rnn_course.tasks.parity import make_parity
from rnn_course.tasks.pixels import load_pixels
from rnn_course.tasks.pronunciations import load_pronunciations
from rnn_course.tasks.selective_copying import make_selective_copying
from rnn_course.tasks.tunes.task import load_tunes
from rnn_course.tasks.years.task import make_years

__all__ = [
    "Batch",
    "Split",
    "Task",
    "load_chorales",
    "load_frames",
    "load_holes",
    "load_letters",
    "load_names",
    "load_pixels",
    "load_pronunciations",
    "load_tunes",
    "make_adding",
    "make_coins",
    "make_copying",
    "make_echo",
    "make_fluent",
    "make_futures",
    "make_number_words",
    "make_parity",
    "make_selective_copying",
    "make_years",
]
