"""The readers of the single sections as one: what is treated, how deep, with what, and what speaks against it."""

from .adjuvants import AdjuvantReader
from .devices import DeviceReader
from .indications import IndicationReader
from .labs import LabReader
from .medicines import MedicineReader
from .phototypes import PhototypeReader
from .screening import ScreeningReader
from .zones import ZoneReader


class PackReader(DeviceReader, ZoneReader, IndicationReader, AdjuvantReader, ScreeningReader, MedicineReader, LabReader, PhototypeReader):
    """Reads the entries of every section up to those of the course, where `SectionReader` reads on."""
