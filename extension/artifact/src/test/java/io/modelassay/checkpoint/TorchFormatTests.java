package io.modelassay.checkpoint;

import static io.modelassay.checkpoint.PickleBuilder.of;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Healthy files of torch.save. */
class TorchFormatTests {

    private static final String NAME = "pytorch_model.bin";

    @TempDir
    Path folder;

    private static PickleBuilder dict() {
        return PickleBuilder.start().emptyOrderedDict().op('(');
    }

    private Checkpoint open(PickleBuilder pickle, byte[]... storages) {
        TestFiles.write(folder.resolve(NAME), TorchFiles.of(pickle, storages));
        return Checkpoint.open(folder);
    }

    private static float[] floats(ByteBuffer buffer) {
        float[] values = new float[buffer.remaining() / 4];
        buffer.asFloatBuffer().get(values);
        return values;
    }

    @Test
    void contiguousTensorsAreMappedWhereTheyLie() throws Exception {
        PickleBuilder pickle = dict().text("a")
                .tensor("0", 6, 0, of(2, 3), of(3, 1))
                .text("b")
                .tensor("BFloat16Storage", "1", 4, 1, of(2), of(1))
                .op('u', '}')
                .text("_metadata")
                .emptyOrderedDict()
                .op('s', 'b')
                .stop();
        byte[] half = {1, 2, 3, 4, 5, 6, 7, 8};
        try (Checkpoint checkpoint = open(pickle, TorchFiles.counting(6), half)) {
            assertThat(checkpoint.tensors()).containsOnlyKeys("a", "b");
            TensorInfo a = checkpoint.tensor("a");
            assertThat(a.type()).isEqualTo(TensorType.F32);
            assertThat(a.shape()).isEqualTo(Shape.of(2, 3));
            assertThat(a.offset() % 64).isZero();
            assertThat(floats(checkpoint.map(a))).containsExactly(0, 1, 2, 3, 4, 5);
            assertThat(checkpoint.map(a).isReadOnly()).isTrue();
            TensorInfo b = checkpoint.tensor("b");
            assertThat(b.type()).isEqualTo(TensorType.BF16);
            byte[] bytes = new byte[4];
            checkpoint.map(b).get(bytes);
            assertThat(bytes).containsExactly(3, 4, 5, 6);
            assertThat(b.offset()).isEqualTo(indexOf(Files.readAllBytes(folder.resolve(NAME)), half) + 2);
            assertThat(checkpoint.contentHash()).hasSize(64);
            // "b" has two of the four elements of its storage.
            assertThat(checkpoint.notes()).extracting(Finding::id).containsExactly("storage-larger-than-tensor");
        }
    }

    private static int indexOf(byte[] whole, byte[] part) {
        for (int i = 0; i + part.length <= whole.length; i++) {
            if (java.util.Arrays.equals(whole, i, i + part.length, part, 0, part.length)) {
                return i;
            }
        }
        return -1;
    }

    @Test
    void viewsAreGatheredInRowMajorOrder() {
        PickleBuilder pickle = dict().text("transposed")
                .tensor("0", 12, 0, of(4, 3), of(1, 4))
                .text("column")
                .tensor("0", 12, 1, of(3), of(4))
                .text("block")
                .tensor("0", 12, 5, of(2, 2), of(4, 1))
                .text("expanded")
                .tensor("0", 12, 3, of(2, 3), of(0, 0))
                .text("rows")
                .tensor("0", 12, 0, of(2, 1, 4), of(8, 77, 1))
                .text("scalar")
                .tensor("0", 12, 7, of(), of())
                .text("none")
                .tensor("0", 12, 99, of(0, 4), of(4, 1))
                .text("loose")
                .tensor("0", 12, 4, of(1, 8), of(100, 1))
                .op('u')
                .stop();
        try (Checkpoint checkpoint = open(pickle, TorchFiles.counting(12))) {
            assertThat(values(checkpoint, "transposed")).containsExactly(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11);
            assertThat(values(checkpoint, "column")).containsExactly(1, 5, 9);
            assertThat(values(checkpoint, "block")).containsExactly(5, 6, 9, 10);
            assertThat(values(checkpoint, "expanded")).containsExactly(3, 3, 3, 3, 3, 3);
            assertThat(values(checkpoint, "rows")).containsExactly(0, 1, 2, 3, 8, 9, 10, 11);
            assertThat(values(checkpoint, "scalar")).containsExactly(7);
            assertThat(values(checkpoint, "none")).isEmpty();
            assertThat(values(checkpoint, "loose")).containsExactly(4, 5, 6, 7, 8, 9, 10, 11);
            assertThat(checkpoint.notes()).extracting(Finding::id).containsExactly("shared-storage");
            assertThat(checkpoint.tensor("none").shape()).isEqualTo(Shape.of(0, 4));
            assertThat(ValueScan.withThreads(1)
                            .scan(checkpoint, checkpoint.tensor("transposed"))
                            .absMax())
                    .isEqualTo(11);
        }
    }

    private static float[] values(Checkpoint checkpoint, String name) {
        return floats(checkpoint.map(checkpoint.tensor(name)));
    }

    /** Every type of every width, any strides, any part: the same bytes as picking elements one by one. */
    @Test
    void partsOfViews() {
        String[] types = {"CharStorage", "HalfStorage", "FloatStorage", "ComplexFloatStorage"};
        int[] widths = {1, 2, 4, 8};
        Random random = new Random(7);
        for (int round = 0; round < 200; round++) {
            int kind = random.nextInt(4);
            int width = widths[kind];
            long[] size = new long[1 + random.nextInt(4)];
            long[] stride = new long[size.length];
            long offset = random.nextInt(5);
            long count = offset + 1;
            int elements = 1;
            for (int i = 0; i < size.length; i++) {
                size[i] = 1 + random.nextInt(4);
                stride[i] = random.nextInt(7);
                count += (size[i] - 1) * stride[i];
                elements *= (int) size[i];
            }
            byte[] storage = new byte[(int) count * width];
            random.nextBytes(storage);
            byte[] expected = new byte[elements * width];
            for (int i = 0; i < elements; i++) {
                long at = offset;
                int rest = i;
                for (int d = size.length - 1; d >= 0; d--) {
                    at += rest % size[d] * stride[d];
                    rest /= (int) size[d];
                }
                System.arraycopy(storage, (int) at * width, expected, i * width, width);
            }
            try (Checkpoint checkpoint = open(
                    dict().text("x")
                            .tensor(types[kind], "0", count, offset, size, stride)
                            .op('u')
                            .stop(),
                    storage)) {
                TensorInfo tensor = checkpoint.tensor("x");
                for (int part = 0; part < 8; part++) {
                    int from = random.nextInt(expected.length + 1);
                    int length = random.nextInt(expected.length - from + 1);
                    ByteBuffer mapped = checkpoint.map(tensor, from, length);
                    assertThat(mapped.isDirect() && mapped.isReadOnly()).isTrue();
                    assertThat(mapped.order()).isEqualTo(ByteOrder.LITTLE_ENDIAN);
                    assertThat(mapped).isEqualTo(ByteBuffer.wrap(expected, from, length));
                }
            }
        }
    }

    @Test
    void parametersAndDtypesAreUnwrapped() {
        PickleBuilder pickle = dict().text("p")
                .global("torch._utils", "_rebuild_parameter")
                .tensor("0", 2, 0, of(2), of(1))
                .op(0x88)
                .emptyOrderedDict()
                .op(0x87, 'R')
                .text("f8")
                .global("torch._utils", "_rebuild_tensor_v3")
                .op('(')
                .storage("UntypedStorage", "1", 4)
                .view(0, of(2, 2), of(2, 1))
                .global("torch", "float8_e4m3fn")
                .op('t', 'R')
                .text("u16")
                .global("torch._utils", "_rebuild_tensor_v3")
                .op('(')
                .storage("UntypedStorage", "1", 4)
                .view(1, of(1), of(1))
                .global("torch", "uint16")
                .op('t', 'R')
                .text("sized")
                .global("torch._utils", "_rebuild_tensor_v2")
                .op('(')
                .storage("BoolStorage", "2", 2)
                .integer(0)
                .global("torch", "Size")
                .tuple(2)
                .op(0x85, 'R')
                .tuple(1)
                .op(0x89)
                .emptyOrderedDict()
                .op('}', 't', 'R')
                .op('u')
                .stop();
        try (Checkpoint checkpoint = open(pickle, TorchFiles.counting(2), new byte[] {1, 2, 3, 4}, new byte[] {0, 1})) {
            assertThat(values(checkpoint, "p")).containsExactly(0, 1);
            assertThat(checkpoint.tensor("f8").type()).isEqualTo(TensorType.F8_E4M3);
            assertThat(checkpoint.tensor("u16").type()).isEqualTo(TensorType.U16);
            assertThat(checkpoint.map(checkpoint.tensor("u16")).getShort()).isEqualTo((short) 0x0403);
            assertThat(checkpoint.tensor("sized").type()).isEqualTo(TensorType.BOOL);
        }
    }

    /** Protocol 4, plain data of every kind, the state of an optimizer, and the weights below a key. */
    @Test
    void trainingCheckpoint() {
        PickleBuilder pickle = PickleBuilder.bare()
                .op(0x80, 4, 0x95, 0, 0, 0, 0, 0, 0, 0, 0, '}', 0x94, '(')
                .op(0x8C, 5, 'e', 'p', 'o', 'c', 'h')
                .op('M', 1, 2)
                .text("rate")
                .op('G', 0x3F, 0xF0, 0, 0, 0, 0, 0, 0)
                .text("nothing")
                .op('N')
                .text("bytes")
                .op('C', 2, 1, 2)
                .text("set")
                .op(0x8F, '(', 'K', 1, 'K', 2, 0x90)
                .text("frozen")
                .op('(', 'K', 1, 0x91)
                .text("list")
                .op(']', '(', 'K', 1, 'K', 2, 'e')
                .text("size")
                .op('J', 0xFF, 0xFF, 0xFF, 0xFF)
                .text("encoded")
                .global("_codecs", "encode")
                .text("x")
                .text("latin1")
                .op(0x86, 'R')
                .text("device")
                .op(0x8C, 5, 't', 'o', 'r', 'c', 'h', 0x8C, 6, 'd', 'e', 'v', 'i', 'c', 'e', 0x93)
                .text("cpu")
                .op(0x85, 'R')
                .text("counter")
                .global("collections", "Counter")
                .op('}', 0x85, 'R')
                .text("optimizer")
                .op('}', 'K', 0)
                .tensor("0", 2, 0, of(2), of(1))
                .op('s')
                .text("model")
                .op('}')
                .text("module")
                .op('}')
                .text("w")
                .tensor("1", 2, 0, of(2), of(1))
                .op('s', 's')
                .op('u')
                .stop();
        try (Checkpoint checkpoint = open(pickle, TorchFiles.counting(2), TorchFiles.counting(2))) {
            assertThat(checkpoint.tensors()).containsOnlyKeys("w");
            assertThat(checkpoint.notes())
                    .extracting(Finding::id)
                    .containsExactly("nested-state-dict", "unused-tensors");
            assertThat(checkpoint.notes().get(0).message())
                    .isEqualTo(
                            "The weights lie below \"model.module\" and not at the root, where transformers looks for"
                                    + " them");
        }
    }

    @Test
    void sharedAndWastedStoragesAreNoted() {
        PickleBuilder pickle = dict().text("embed")
                .tensor("0", 4, 0, of(4), of(1))
                .text("head")
                .tensor("0", 4, 0, of(4), of(1))
                .text("slice")
                .tensor("1", 100, 10, of(5), of(1))
                .op('u')
                .stop();
        try (Checkpoint checkpoint = open(pickle, TorchFiles.counting(4), TorchFiles.counting(100))) {
            assertThat(checkpoint.notes())
                    .extracting(Finding::message)
                    .containsExactly(
                            "1 storages have more than one tensor, first \"embed\" and \"head\"",
                            "1 storages are at least twice as large as what their tensors use, 380 bytes too many in all;"
                                    + " first that of \"slice\", which uses 20 of 400 bytes");
            assertThat(checkpoint.notes()).extracting(Finding::severity).containsOnly(Finding.Severity.INFO);
            assertThat(checkpoint.tensor("embed").offset())
                    .isEqualTo(checkpoint.tensor("head").offset());
        }
    }

    @Test
    void fileOfAnOldTorch() {
        TestFiles.write(folder.resolve(NAME), legacy(3, true, "0", "1"));
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(values(checkpoint, "a")).containsExactly(0, 1, 2);
            assertThat(values(checkpoint, "b")).containsExactly(0, 1);
        }
    }

    @Test
    void brokenFilesOfAnOldTorch() {
        Path file = folder.resolve(NAME);
        byte[] whole = legacy(3, true, "0", "1");
        TestFiles.write(file, java.util.Arrays.copyOf(whole, whole.length - 1));
        assertThat(TestFiles.failure(folder).id()).isEqualTo("truncated-file");
        TestFiles.write(file, legacy(4, true, "0", "1"));
        assertThat(TestFiles.failure(folder).id()).isEqualTo("invalid-storage");
        TestFiles.write(file, legacy(3, false, "0", "1"));
        assertThat(TestFiles.failure(folder).getMessage()).contains("byte order \"big\"", "(unsupported-format)");
        TestFiles.write(file, legacy(3, true, "0", "0"));
        assertThat(TestFiles.failure(folder).id()).isEqualTo("invalid-pickle");
        TestFiles.write(file, legacy(3, true, "0"));
        assertThat(TestFiles.failure(folder).getMessage()).contains("not in the file's list", "(invalid-storage)");
        TestFiles.write(file, PickleBuilder.start().op('N').stop().bytes());
        assertThat(TestFiles.failure(folder).id()).isEqualTo("wrong-format");
    }

    private static byte[] legacy(int firstCount, boolean littleEndian, String... keys) {
        PickleBuilder pickles = PickleBuilder.start()
                .op(0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19)
                .stop()
                .op(0x80, 2, 'M', 0xE9, 3)
                .stop()
                .op(0x80, 2, '}')
                .text("little_endian")
                .op(littleEndian ? 0x88 : 0x89, 's')
                .stop()
                .op(0x80, 2)
                .emptyOrderedDict()
                .op('(');
        for (String[] tensor : new String[][] {{"a", "0", "3"}, {"b", "1", "2"}}) {
            int count = Integer.parseInt(tensor[2]);
            pickles.text(tensor[0])
                    .global("torch._utils", "_rebuild_tensor_v2")
                    .op('(')
                    .oldStorage("FloatStorage", tensor[1], count)
                    .view(0, of(count), of(1))
                    .op('t', 'R');
        }
        pickles.op('u').stop().op(0x80, 2, ']', '(');
        for (String key : keys) {
            pickles.text(key);
        }
        pickles.op('e').stop();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(pickles.bytes());
        for (int count : new int[] {firstCount, 2}) {
            out.writeBytes(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(count)
                    .array());
            out.writeBytes(TorchFiles.counting(count));
        }
        return out.toByteArray();
    }

    @Test
    void loadersOrderOfPreference() throws Exception {
        byte[] bin = TorchFiles.of(
                dict().text("bin").tensor("0", 1, 0, of(1), of(1)).op('u').stop(), new byte[4]);
        TestFiles.write(folder.resolve("pytorch_model-00001-of-00001.bin"), bin);
        TestFiles.write(
                folder.resolve("pytorch_model.bin.index.json"),
                "{\"metadata\":{\"total_size\":4},\"weight_map\":{\"bin\":\"pytorch_model-00001-of-00001.bin\"}}");
        TestFiles.write(folder.resolve("other.safetensors"), TestFiles.ONE, 4);
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.tensors()).containsOnlyKeys("bin");
            assertThat(checkpoint.tensorFiles()).containsExactly(folder.resolve("pytorch_model-00001-of-00001.bin"));
            assertThat(checkpoint.notes()).isEmpty();
        }
        TestFiles.write(folder.resolve(NAME), bin);
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.tensorFiles()).containsExactly(folder.resolve(NAME));
            assertThat(checkpoint.notes()).extracting(Finding::id).containsExactly("stale-index");
        }
        TestFiles.write(folder.resolve("model.safetensors"), TestFiles.ONE, 4);
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.tensors()).containsOnlyKeys("a");
            assertThat(checkpoint.notes()).extracting(Finding::id).contains("second-checkpoint");
        }
        Files.delete(folder.resolve(NAME));
        try (Checkpoint checkpoint = Checkpoint.open(folder.resolve("pytorch_model-00001-of-00001.bin"))) {
            assertThat(checkpoint.tensors()).containsOnlyKeys("bin");
        }
    }

    @Test
    void wideArchives() {
        TestFiles.write(
                folder.resolve(NAME),
                TorchFiles.archive()
                        .wide()
                        .add(
                                "m/data.pkl",
                                dict().text("a")
                                        .tensor("0", 1, 0, of(1), of(1))
                                        .op('u')
                                        .stop()
                                        .bytes())
                        .add("m/byteorder", "little")
                        .add("m/data/0", TorchFiles.counting(1))
                        .add("m/.data/serialization_id", "1")
                        .bytes());
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(values(checkpoint, "a")).containsExactly(0);
        }
    }

    @Test
    void closedCheckpointGathersNothing() {
        Checkpoint checkpoint = open(
                dict().text("a").tensor("0", 4, 0, of(2, 2), of(1, 2)).op('u').stop(), TorchFiles.counting(4));
        TensorInfo tensor = checkpoint.tensor("a");
        checkpoint.close();
        assertThatThrownBy(() -> checkpoint.map(tensor)).hasMessageContaining("(closed)");
    }
}
