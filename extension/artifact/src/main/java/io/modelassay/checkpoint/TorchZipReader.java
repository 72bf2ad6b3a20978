package io.modelassay.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The container of torch 1.6 and later: a zip archive with {@code data.pkl} and one entry for each storage. */
final class TorchZipReader {

    private static final String PICKLE = "data.pkl";

    private final Path file;
    private final FileChannel channel;
    private final ZipDirectory directory;

    private TorchZipReader(Path file, FileChannel channel) throws IOException {
        this.file = file;
        this.channel = channel;
        this.directory = ZipDirectory.read(file, channel);
    }

    static TorchContent read(Path file, FileChannel channel) throws IOException {
        return new TorchZipReader(file, channel).read();
    }

    private TorchContent read() throws IOException {
        String root = root();
        checkByteOrder(root);
        ZipDirectory.Extent pickle = directory.find(root + PICKLE);
        if (pickle == null) {
            throw invalid("The archive holds no " + PICKLE + " in its folder " + CheckpointException.quote(root), 0);
        }
        PickleInput input = new PickleInput(file, channel, pickle.offset(), pickle.offset() + pickle.length());
        if (pickle.length() > PickleInput.MOST_BYTES) {
            throw input.tooLong(pickle.offset());
        }
        PickleBudget budget = new PickleBudget();
        TorchCalls calls = new TorchCalls(input, budget);
        Object object = PickleMachine.read(input, budget, calls);
        Map<String, ZipDirectory.Extent> extents = locate(calls, root);
        checkApart(pickle, extents);
        return new TorchContent(object, calls, input, budget, extents);
    }

    /** The one folder of the archive, with its slash. torch takes that of the first entry. */
    private String root() {
        String root = null;
        boolean script = false;
        for (String name : directory.names()) {
            int slash = name.indexOf('/');
            String folder = slash < 0 ? "" : name.substring(0, slash + 1);
            if (slash < 0 || (root != null && !folder.equals(root))) {
                throw invalid(
                        "The archive has entries outside its one folder, such as " + CheckpointException.quote(name),
                        0);
            }
            root = folder;
            String inside = name.substring(slash + 1);
            script |= inside.equals("constants.pkl") || inside.startsWith("code/");
        }
        if (root == null) {
            throw invalid("The archive holds nothing", 0);
        }
        if (script) {
            throw CheckpointException.of(
                            CheckpointProblem.UNSUPPORTED_FORMAT,
                            "The file is a TorchScript program, not a file of tensors")
                    .file(file)
                    .at(0)
                    .next("save the state dict: torch.save(torch.jit.load(path).state_dict(), path)");
        }
        return root;
    }

    private void checkByteOrder(String root) throws IOException {
        ZipDirectory.Extent order = directory.find(root + "byteorder");
        if (order == null) {
            return;
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(order.length(), 16));
        FileReads.fully(file, channel, bytes, order.offset());
        String text = new String(bytes.array(), StandardCharsets.ISO_8859_1);
        if (!text.equals("little")) {
            throw TorchFormat.wrongByteOrder(file, CheckpointException.quote(text), order.offset());
        }
    }

    private Map<String, ZipDirectory.Extent> locate(TorchCalls calls, String root) throws IOException {
        Map<String, ZipDirectory.Extent> extents = new HashMap<>();
        for (TorchStorage storage : calls.storages().values()) {
            ZipDirectory.Extent extent = directory.find(root + "data/" + storage.key());
            if (extent == null) {
                throw invalidStorage("is not in the archive", storage);
            }
            if (extent.length() != storage.byteLength()) {
                throw invalidStorage(
                        "has " + extent.length() + " bytes, its " + storage.count() + " elements of "
                                + storage.kind().name() + " take " + storage.byteLength() + " bytes",
                        storage);
            }
            extents.put(storage.key(), extent);
        }
        return extents;
    }

    private void checkApart(ZipDirectory.Extent pickle, Map<String, ZipDirectory.Extent> extents) {
        List<ZipDirectory.Extent> all = new ArrayList<>(extents.values());
        all.add(pickle);
        all.sort(Comparator.comparingLong(ZipDirectory.Extent::offset).thenComparingLong(ZipDirectory.Extent::length));
        long end = 0;
        for (ZipDirectory.Extent extent : all) {
            if (extent.offset() < end && extent.length() > 0) {
                throw invalid("The archive has entries that overlap", extent.offset());
            }
            end = Math.max(end, extent.offset() + extent.length());
        }
    }

    private CheckpointException invalidStorage(String what, TorchStorage storage) {
        return CheckpointException.of(
                        CheckpointProblem.INVALID_STORAGE, "The storage \"" + storage.key() + "\" " + what)
                .file(file)
                .at(storage.at())
                .next("download or copy the file again, or write it again with torch.save");
    }

    private CheckpointException invalid(String what, long at) {
        return CheckpointException.of(CheckpointProblem.INVALID_ARCHIVE, what)
                .file(file)
                .at(at)
                .next("get the file from its publisher again, or write it again with torch.save");
    }
}
