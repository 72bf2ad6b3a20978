package io.modelassay.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** Safetensors files, validated in the order of the reference reader. */
final class SafetensorsFormat implements TensorFormat {

    private static final Comparator<SafetensorsHeader.Entry> BY_PLACE = Comparator.comparingLong(
                    SafetensorsHeader.Entry::begin)
            .thenComparingLong(SafetensorsHeader.Entry::end)
            .thenComparing(SafetensorsHeader.Entry::name);

    @Override
    public boolean accepts(String fileName) {
        return fileName.endsWith(".safetensors");
    }

    @Override
    public TensorFile read(Path file) {
        FileSignature.check(file);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long fileLength = channel.size();
            long headerLength = headerLength(file, channel, fileLength);
            byte[] bytes = new byte[(int) headerLength];
            FileReads.fully(file, channel, ByteBuffer.wrap(bytes), SafetensorsHeader.LENGTH_BYTES);
            SafetensorsHeader header = SafetensorsHeader.parse(bytes, file);
            long dataStart = SafetensorsHeader.LENGTH_BYTES + headerLength;
            List<TensorInfo> tensors = place(file, header, dataStart, fileLength);
            return new TensorFile(
                    file, tensors, header.metadata(), SafetensorsNotes.of(file, tensors, header), Map.of());
        } catch (IOException e) {
            throw FileSignature.unreadable(file, e);
        }
    }

    private static long headerLength(Path file, FileChannel channel, long fileLength) throws IOException {
        if (fileLength < SafetensorsHeader.LENGTH_BYTES) {
            throw CheckpointException.of(
                            CheckpointProblem.HEADER_TOO_SMALL,
                            "The file has " + fileLength + " bytes, the header length alone takes 8 bytes")
                    .file(file)
                    .at(fileLength)
                    .next("download or copy the file again");
        }
        ByteBuffer buffer = ByteBuffer.allocate(SafetensorsHeader.LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        FileReads.fully(file, channel, buffer, 0);
        long length = buffer.getLong(0);
        if (Long.compareUnsigned(length, SafetensorsHeader.MOST_BYTES) > 0) {
            FileSignature.checkNotOtherFormat(file);
            throw CheckpointException.of(
                            CheckpointProblem.HEADER_TOO_LARGE,
                            "The header length is " + Long.toUnsignedString(length)
                                    + " bytes, the format allows at most " + SafetensorsHeader.MOST_BYTES + " bytes")
                    .file(file)
                    .at(0)
                    .next("check that this is a safetensors file; if it should be, write it again");
        }
        long needed = SafetensorsHeader.LENGTH_BYTES + length;
        if (needed > fileLength) {
            FileSignature.checkNotOtherFormat(file);
            throw CheckpointException.of(
                            CheckpointProblem.TRUNCATED_HEADER,
                            "The header ends at byte " + needed + ", the file has only " + fileLength + " bytes")
                    .file(file)
                    .at(fileLength)
                    .next("download or copy the file again; it is cut off, or no safetensors file");
        }
        return length;
    }

    private static List<TensorInfo> place(Path file, SafetensorsHeader header, long dataStart, long fileLength) {
        List<SafetensorsHeader.Entry> entries = new ArrayList<>(header.entries());
        entries.sort(BY_PLACE);
        List<TensorInfo> tensors = new ArrayList<>(entries.size());
        long position = 0;
        String before = "the start of the data";
        for (SafetensorsHeader.Entry entry : entries) {
            checkPlace(file, entry, position, before, dataStart);
            long byteLength = byteLength(file, entry);
            long declared = entry.end() - entry.begin();
            if (byteLength != declared) {
                throw problem(
                        CheckpointProblem.SIZE_MISMATCH,
                        file,
                        entry,
                        entry.headerOffset(),
                        "needs " + byteLength + " bytes for " + entry.type().label() + " " + entry.shape()
                                + ", its data_offsets give " + declared + " bytes");
            }
            tensors.add(new TensorInfo(
                    entry.name(), entry.type(), new Shape(entry.shape()), file, dataStart + entry.begin(), byteLength));
            position = entry.end();
            before = CheckpointException.quote(entry.name());
        }
        checkEnd(file, dataStart + position, fileLength);
        return List.copyOf(tensors);
    }

    private static void checkPlace(
            Path file, SafetensorsHeader.Entry entry, long position, String before, long dataStart) {
        String range = "[" + entry.begin() + ", " + entry.end() + ")";
        if (entry.end() < entry.begin()) {
            throw problem(
                    CheckpointProblem.INVALID_DATA_OFFSETS,
                    file,
                    entry,
                    entry.headerOffset(),
                    "has data_offsets " + range + " that end before they begin");
        }
        if (entry.end() > Long.MAX_VALUE - dataStart) {
            throw problem(
                    CheckpointProblem.SIZE_OVERFLOW,
                    file,
                    entry,
                    entry.headerOffset(),
                    "has data_offsets " + range + " beyond any file");
        }
        if (entry.begin() < position) {
            throw problem(
                    CheckpointProblem.OVERLAPPING_TENSORS,
                    file,
                    entry,
                    dataStart + entry.begin(),
                    "has the data range " + range + ", which overlaps " + before + " up to " + position);
        }
        if (entry.begin() > position) {
            throw problem(
                    CheckpointProblem.GAP_BETWEEN_TENSORS,
                    file,
                    entry,
                    dataStart + position,
                    "has the data range " + range + ", which leaves " + (entry.begin() - position) + " bytes after "
                            + before + " to no tensor");
        }
    }

    /** Dimensions are multiplied from left to right without a shortcut for 0, as the reference does. */
    private static long byteLength(Path file, SafetensorsHeader.Entry entry) {
        long bits;
        try {
            long count = 1;
            for (long dimension : entry.shape()) {
                count = Math.multiplyExact(count, dimension);
            }
            bits = Math.multiplyExact(count, entry.type().bits());
        } catch (ArithmeticException e) {
            throw problem(
                    CheckpointProblem.SIZE_OVERFLOW,
                    file,
                    entry,
                    entry.headerOffset(),
                    "has a shape " + clipped(entry.shape()) + " whose size overflows 63 bits");
        }
        if (bits % 8 != 0) {
            throw problem(
                    CheckpointProblem.MISALIGNED_SIZE,
                    file,
                    entry,
                    entry.headerOffset(),
                    "has " + bits + " bits as " + entry.type().label() + " " + entry.shape()
                            + ", which is no whole number of bytes");
        }
        return bits / 8;
    }

    private static String clipped(List<Long> shape) {
        return shape.size() <= 8 ? shape.toString() : "of " + shape.size() + " dimensions";
    }

    private static void checkEnd(Path file, long needed, long fileLength) {
        if (needed > fileLength) {
            throw CheckpointException.of(
                            CheckpointProblem.TRUNCATED_FILE,
                            "The file is cut off: its header promises " + needed + " bytes, it has " + fileLength
                                    + " bytes (" + (needed - fileLength) + " missing)")
                    .file(file)
                    .at(fileLength)
                    .next("download or copy the file again");
        }
        if (needed < fileLength) {
            throw CheckpointException.of(
                            CheckpointProblem.TRAILING_BYTES,
                            "The file goes on after its last tensor: its header promises " + needed + " bytes, it has "
                                    + fileLength + " bytes (" + (fileLength - needed) + " too many)")
                    .file(file)
                    .at(needed)
                    .next("write the file again; no safetensors reader accepts it");
        }
    }

    private static CheckpointException problem(
            CheckpointProblem problem, Path file, SafetensorsHeader.Entry entry, long at, String what) {
        return CheckpointException.of(problem, "The tensor " + what)
                .file(file)
                .tensor(entry.name())
                .at(at)
                .next("write the file again with a current safetensors library");
    }
}
