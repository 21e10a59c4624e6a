from streams.contracts.record_reader import RecordReader
from streams.contracts.resolution import ReadRecord

def compiled_reader(
    plan: ReadRecord, apart: tuple[str, ...], generated: RecordReader
) -> RecordReader: ...
