package io.modelassay.checkpoint;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The container before torch 1.6: five pickles in a row, then every storage as its element count and its bytes. */
final class TorchLegacyReader {

    private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
    private static final long PROTOCOL = 1001;

    private final Path file;
    private final FileChannel channel;
    private final long fileLength;
    private final PickleInput input;
    private final PickleBudget budget = new PickleBudget();
    private final TorchCalls calls;

    private TorchLegacyReader(Path file, FileChannel channel) throws IOException {
        this.file = file;
        this.channel = channel;
        this.fileLength = channel.size();
        this.input = new PickleInput(file, channel, 0, fileLength);
        this.calls = new TorchCalls(input, budget);
    }

    static TorchContent read(Path file, FileChannel channel) throws IOException {
        return new TorchLegacyReader(file, channel).read();
    }

    private TorchContent read() throws IOException {
        if (!MAGIC.equals(next())) {
            throw CheckpointException.of(
                            CheckpointProblem.WRONG_FORMAT, "The file is a pickle, but not one that torch.save wrote")
                    .file(file)
                    .at(0)
                    .next("write the state dict with torch.save, or as safetensors");
        }
        long at = input.position();
        if (!Long.valueOf(PROTOCOL).equals(next())) {
            throw invalid("does not have the protocol " + PROTOCOL, at);
        }
        at = input.position();
        checkByteOrder(next(), at);
        Object root = next();
        at = input.position();
        if (!(next() instanceof PickleData.Items keys)) {
            throw invalid("has no list of storages", at);
        }
        return new TorchContent(root, calls, input, budget, locate(keys.values, at));
    }

    private Object next() {
        return PickleMachine.read(input, budget, calls);
    }

    private void checkByteOrder(Object system, long at) {
        if (!(system instanceof PickleData.Dict dict)) {
            throw invalid("does not describe the system that wrote it", at);
        }
        for (int i = 0; i < dict.keysAndValues.size(); i += 2) {
            if ("little_endian".equals(dict.keysAndValues.get(i))
                    && !Boolean.TRUE.equals(dict.keysAndValues.get(i + 1))) {
                throw TorchFormat.wrongByteOrder(file, "\"big\"", at);
            }
        }
    }

    private Map<String, ZipDirectory.Extent> locate(List<Object> keys, long keysAt) throws IOException {
        Map<String, ZipDirectory.Extent> extents = new HashMap<>();
        long position = input.position();
        for (Object key : keys) {
            TorchStorage storage = key instanceof String name ? calls.storages().get(name) : null;
            if (storage == null || extents.containsKey(storage.key())) {
                throw invalid("lists a storage that no tensor has, or lists one twice", keysAt);
            }
            if (position > fileLength - Long.BYTES || storage.byteLength() > fileLength - Long.BYTES - position) {
                throw CheckpointException.of(
                                CheckpointProblem.TRUNCATED_FILE,
                                "The file ends before the " + storage.byteLength() + " bytes of its storage \""
                                        + storage.key() + "\"")
                        .file(file)
                        .at(fileLength)
                        .next("download or copy the file again");
            }
            long count = countAt(position);
            if (count != storage.count()) {
                throw CheckpointException.of(
                                CheckpointProblem.INVALID_STORAGE,
                                "The storage \"" + storage.key() + "\" has " + count + " elements here and "
                                        + storage.count() + " in the pickle")
                        .file(file)
                        .at(position)
                        .next("download or copy the file again, or write it again with torch.save");
            }
            extents.put(storage.key(), new ZipDirectory.Extent(position + Long.BYTES, storage.byteLength()));
            position += Long.BYTES + storage.byteLength();
        }
        for (TorchStorage storage : calls.storages().values()) {
            if (!extents.containsKey(storage.key())) {
                throw CheckpointException.of(
                                CheckpointProblem.INVALID_STORAGE,
                                "The storage \"" + storage.key() + "\" is not in the file's list of storages")
                        .file(file)
                        .at(storage.at())
                        .next("download or copy the file again, or write it again with torch.save");
            }
        }
        return extents;
    }

    private long countAt(long position) throws IOException {
        ByteBuffer count = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        FileReads.fully(file, channel, count, position);
        return count.getLong(0);
    }

    private CheckpointException invalid(String what, long at) {
        return CheckpointException.of(CheckpointProblem.INVALID_PICKLE, "The file of an old torch " + what)
                .file(file)
                .at(at)
                .next("get the file from its publisher again, or write it again with torch.save");
    }
}
