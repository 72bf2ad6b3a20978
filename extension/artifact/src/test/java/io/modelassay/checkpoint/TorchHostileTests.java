package io.modelassay.checkpoint;

import static io.modelassay.checkpoint.PickleBuilder.of;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.modelassay.fixtures.Fixtures;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of torch.save that are damaged or made to harm: each ends in a typed error, and nothing happens besides. */
class TorchHostileTests {

    @TempDir
    Path folder;

    private Path file() {
        return folder.resolve("pytorch_model.bin");
    }

    private static PickleBuilder dict() {
        return PickleBuilder.start().emptyOrderedDict().op('(');
    }

    private CheckpointException failure(PickleBuilder pickle, byte[]... storages) {
        return failure(TorchFiles.of(pickle, storages));
    }

    private CheckpointException failure(byte[] content) {
        return TestFiles.failure(TestFiles.write(file(), content));
    }

    @Test
    void theMessageOfACallNamesItAndItsPlace() {
        PickleBuilder pickle = PickleBuilder.start().op('}', 'q', 0);
        int place = pickle.size();
        pickle.global("os", "system").text("touch /tmp/harm").op(0x85, 'R', '.');
        byte[] content = TorchFiles.of(pickle);
        // The pickle is the first entry; its data starts at the second multiple of 64.
        assertThat(failure(content).getMessage())
                .isEqualTo("The pickle asks for \"os.system\", which tensors do not need; loading the file in Python"
                        + " would import it. Nothing was run (unsafe-pickle)\n"
                        + "  file " + file() + "\n"
                        + "  byte offset " + (64 + place) + "\n"
                        + "Try: ask the publisher for safetensors, and do not load the file with weights_only=False");
    }

    @ParameterizedTest
    @CsvSource({
        "os, system",
        "posix, system",
        "nt, system",
        "builtins, eval",
        "builtins, exec",
        "builtins, getattr",
        "builtins, __import__",
        "__builtin__, eval",
        "functools, partial",
        "operator, attrgetter",
        "subprocess, Popen",
        "torch, load",
        "torch.storage, _load_from_bytes",
        "torch._utils, _rebuild_tensor_v2.__globals__",
        "torch, os.system",
        "torch.FloatStorage, __init__",
        "'', ''"
    })
    void globalsOutsideTheListAreRefusedHoweverTheyAreNamed(String module, String name) {
        String expected = CheckpointException.quote(module + "." + name);
        List<PickleBuilder> ways = List.of(
                PickleBuilder.start().global(module, name).text("x").op(0x85, 'R', '.'),
                PickleBuilder.start().text(module).text(name).op(0x93).text("x").op(0x85, 'R', '.'),
                PickleBuilder.start().global(module, name).op(')', 0x81, '.'),
                PickleBuilder.start()
                        .op('(')
                        .text("x")
                        .op('i')
                        .raw((module + "\n" + name + "\n").getBytes(StandardCharsets.UTF_8))
                        .op('.'),
                dict().text("w")
                        .tensor("0", 1, 0, of(1), of(1))
                        .op('u', '}')
                        .text("_metadata")
                        .global(module, name)
                        .op(')', 'R', 's', 'b', '.'));
        for (PickleBuilder way : ways) {
            CheckpointException failure = failure(way, new byte[4]);
            assertThat(failure.id()).isEqualTo("unsafe-pickle");
            assertThat(failure.getMessage()).contains(expected);
            assertThat(failure.byteOffset()).isPresent();
        }
        assertThat(failure(PickleBuilder.bare()
                                .global(module, name)
                                .text("x")
                                .op(0x85, 'R', '.')
                                .bytes())
                        .getMessage())
                .contains(expected);
    }

    /** PERSID, OBJ, NEWOBJ_EX, EXT1, EXT2, EXT4, POP, DUP, INT, LONG, NEXT_BUFFER. */
    @ParameterizedTest
    @ValueSource(ints = {'P', 'o', 0x92, 0x82, 0x83, 0x84, '0', '2', 'I', 'L', 0x97, 0xFF, 0})
    void otherOpcodesAreRefused(int opcode) {
        CheckpointException failure = failure(PickleBuilder.start().op('N', opcode, '.'));
        assertThat(failure.id()).isEqualTo("unsafe-pickle");
        assertThat(failure.getMessage()).contains("the opcode 0x" + Integer.toHexString(opcode));
        assertThat(failure.byteOffset()).hasValue(64 + 3);
    }

    @Test
    void callsOfWhatIsNoFunction() {
        assertThat(failure(PickleBuilder.start().emptyOrderedDict().text("x").op(0x85, 'R', '.'))
                        .getMessage())
                .contains("The pickle calls a dict", "(unsafe-pickle)");
        assertThat(failure(PickleBuilder.start().global("torch", "FloatStorage").op(')', 'R', '.'))
                        .id())
                .isEqualTo("unsafe-pickle");
        assertThat(failure(dict().op(0x93)).id()).isEqualTo("invalid-pickle");
    }

    @Test
    void nestingBeyondAnyRecursion() {
        PickleBuilder tuples = PickleBuilder.start().op(')');
        PickleBuilder dicts = PickleBuilder.start();
        PickleBuilder doubling = PickleBuilder.start().op(')');
        for (int i = 0; i < 100_000; i++) {
            tuples.op(0x85);
            dicts.op('}', 'N');
        }
        for (int i = 0; i < 60; i++) {
            doubling.op('q', i, 'h', i, 0x86);
        }
        dicts.op('}');
        for (int i = 0; i < 100_000; i++) {
            dicts.op('s');
        }
        assertThat(failure(tuples.op('.')).getMessage()).contains("The file holds a tuple", "(not-a-state-dict)");
        assertThat(failure(dicts.op('.')).getMessage()).contains("a dict without tensors", "(not-a-state-dict)");
        assertThat(failure(doubling.op('.')).getMessage()).contains("The file holds a tuple");
        assertThat(failure(PickleBuilder.start().op(']', 'q', 0, 'h', 0, 'a', '.'))
                        .getMessage())
                .contains("The file holds a list");
        for (String key : List.of("x", "model", "module")) {
            assertThat(failure(PickleBuilder.start().op('}', 'q', 0).text(key).op('h', 0, 's', '.'))
                            .getMessage())
                    .contains("without tensors; its keys are \"" + key + "\"");
        }
    }

    @Test
    void stateDictsThatHoldThemselvesEnd() {
        PickleBuilder pickle = PickleBuilder.start()
                .op('}', 'q', 0)
                .text("model")
                .op('h', 0, 's')
                .text("w")
                .tensor("0", 1, 0, of(1), of(1))
                .op('s', '.');
        TestFiles.write(file(), TorchFiles.of(pickle, new byte[4]));
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.tensors()).containsOnlyKeys("w");
        }
    }

    /** The largest pickles of the kinds that make most of each byte. */
    @ParameterizedTest
    @ValueSource(
            strings = {"}", "](", "N", "(", ")\u0085", "K\u0001", "\u008a\u0009123456789", "\u008c\u0001a", "B\0\0\0\0"
            })
    void memoryIsBounded(String unit) throws IOException {
        Path path = repeated(unit);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        CheckpointException failure = TestFiles.failure(path);
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(500L << 20);
        assertThat(failure.id()).isIn("pickle-too-large", "unsafe-pickle", "invalid-pickle");
        Files.delete(path);
    }

    /** The file alone: what it was made of is no longer in memory when it is read. */
    private Path repeated(String unit) {
        byte[] pattern = unit.getBytes(StandardCharsets.ISO_8859_1);
        byte[] pickle = new byte[(int) PickleInput.MOST_BYTES];
        for (int i = 0; i < pickle.length; i++) {
            pickle[i] = pattern[i % pattern.length];
        }
        return TestFiles.write(
                file(), TorchFiles.archive().add("m/data.pkl", pickle).bytes());
    }

    @Test
    void limitsOfOnePickle() {
        byte[] longer = new byte[(int) PickleInput.MOST_BYTES + 1];
        assertThat(failure(TorchFiles.archive().add("m/data.pkl", longer).bytes())
                        .id())
                .isEqualTo("pickle-too-large");
        assertThat(failure(PickleBuilder.start().op('N', 'r').int32(-1).op('.')).id())
                .isEqualTo("invalid-pickle");
        assertThat(failure(PickleBuilder.start().op('X').int32(-1).op('.')).id())
                .isEqualTo("truncated-file");
        assertThat(failure(PickleBuilder.start().op(0x8D, 0, 0, 0, 0, 0, 0, 0, 0x80, '.'))
                        .id())
                .isEqualTo("truncated-file");
        long[] many = new long[65];
        Arrays.fill(many, 1);
        assertThat(failure(dict().text("w").tensor("0", 1, 0, many, many).op('u', '.'), new byte[4])
                        .getMessage())
                .contains("65 dimensions", "(invalid-shape)");
    }

    @Test
    void tensorsOutsideTheirStorage() {
        assertTensor("tensor-outside-storage", 0, of(7), of(1));
        assertTensor("tensor-outside-storage", 1, of(6), of(1));
        assertTensor("tensor-outside-storage", 0, of(2, 2), of(5, 1));
        assertTensor("tensor-outside-storage", 6, of(), of());
        assertTensor("tensor-outside-storage", Long.MAX_VALUE, of(1), of(1));
        assertTensor("invalid-shape", 5, of(2), of(-1));
        assertTensor("invalid-shape", -1, of(2), of(1));
        assertTensor("invalid-shape", 0, of(-2, -3), of(3, 1));
        assertTensor("invalid-shape", 0, of(2, 3), of(1));
        assertTensor("size-overflow", 0, of(1L << 62), of(0));
        assertTensor("size-overflow", 0, of(1L << 32, 1L << 32), of(0, 0));
        assertTensor("size-overflow", 0, of(1L << 32, 1L << 32, 0), of(0, 0, 0));
        assertTensor("size-overflow", 0, of(3), of(Long.MAX_VALUE));
        assertTensor("tensor-too-large", 0, of(1L << 40), of(0));
    }

    private void assertTensor(String id, long offset, long[] size, long[] stride) {
        CheckpointException failure =
                failure(dict().text("w").tensor("0", 6, offset, size, stride).op('u', '.'), new byte[24]);
        assertThat(failure.id()).as(failure.getMessage()).isEqualTo(id);
        assertThat(failure.tensor()).contains("w");
    }

    /** Tensors that end up in no state dict are held to the same rules. */
    @Test
    void tensorsBesideTheStateDictAreChecked() {
        PickleBuilder pickle = PickleBuilder.start()
                .op('}', '(')
                .text("w")
                .tensor("0", 6, 0, of(6), of(1))
                .text("list")
                .op(']')
                .tensor("0", 6, 0, of(7), of(1))
                .op('a', 'u', '.');
        CheckpointException failure = failure(pickle, new byte[24]);
        assertThat(failure.getMessage()).contains("A tensor outside the state dict", "(tensor-outside-storage)");
    }

    @Test
    void expandedTensorsTogether() {
        PickleBuilder pickle = dict();
        for (int i = 0; i < 3; i++) {
            pickle.text("w" + i).tensor("0", 6, 0, of(1L << 27), of(0));
        }
        assertThat(failure(pickle.op('u', '.'), new byte[24]).getMessage())
                .contains("they repeat what is stored (tensor-too-large)", "tensor \"w2\"");
    }

    @Test
    void storages() {
        for (String key : List.of("../x", "/etc/passwd", "", "0/1", "x")) {
            assertThat(failure(dict().text("w").tensor(key, 1, 0, of(1), of(1)).op('u', '.'), new byte[4])
                            .getMessage())
                    .contains("is not a number (invalid-storage)");
        }
        UnaryOperator<PickleBuilder> one = pickle -> pickle.text("w").tensor("0", 6, 0, of(6), of(1));
        assertThat(failure(one.apply(dict()).op('u', '.')).getMessage()).contains("\"0\" is not in the archive");
        assertThat(failure(one.apply(dict()).op('u', '.'), new byte[20]).getMessage())
                .contains("has 20 bytes, its 6 elements of torch.FloatStorage take 24 bytes");
        assertThat(failure(one.apply(dict()).op('u', '.'), new byte[25]).id()).isEqualTo("invalid-storage");
        assertThat(failure(
                                one.apply(dict())
                                        .text("x")
                                        .tensor("0", 5, 0, of(1), of(1))
                                        .op('u', '.'),
                                new byte[24])
                        .getMessage())
                .contains("declared as 5 elements", "before as 6 elements");
        assertThat(failure(
                                one.apply(dict())
                                        .text("x")
                                        .tensor("IntStorage", "0", 6, 0, of(1), of(1))
                                        .op('u', '.'),
                                new byte[24])
                        .id())
                .isEqualTo("invalid-storage");
        assertThat(failure(
                                dict().text("w")
                                        .tensor("0", Long.MAX_VALUE, 0, of(1), of(1))
                                        .op('u', '.'),
                                new byte[4])
                        .id())
                .isEqualTo("size-overflow");
        assertThat(failure(dict().text("w").tensor("0", -1, 0, of(1), of(1)).op('u', '.'), new byte[4])
                        .id())
                .isEqualTo("size-overflow");
        assertThat(failure(dict().text("storage").op('Q', '.')).id()).isEqualTo("invalid-pickle");
    }

    @Test
    void whatIsNoStateDict() {
        assertThat(failure(PickleBuilder.start().tensor("0", 1, 0, of(1), of(1)).op('.'), new byte[4])
                        .getMessage())
                .contains("The file holds a tensor where a state dict was expected (not-a-state-dict)");
        assertThat(failure(PickleBuilder.start().op('K', 1, '.')).getMessage()).contains("The file holds a number");
        PickleBuilder two = PickleBuilder.start().op('}', '(');
        for (String key : List.of("model", "state_dict")) {
            two.text(key).op('}').text("w").tensor("0", 1, 0, of(1), of(1)).op('s');
        }
        assertThat(failure(two.op('u', '.'), new byte[4]).getMessage())
                .contains("several state dicts, under the keys [model, state_dict]");
        assertThat(failure(dict().op('K', 1).tensor("0", 1, 0, of(1), of(1)).op('u', '.'), new byte[4])
                        .getMessage())
                .contains("a tensor whose name is a number");
        PickleBuilder twice = dict();
        for (int i = 0; i < 2; i++) {
            twice.text("w").tensor("0", 1, 0, of(1), of(1));
        }
        assertThat(failure(twice.op('u', '.'), new byte[4]).id()).isEqualTo("duplicate-tensor-name");
    }

    @Test
    void tensorsThatAreNotPlain() {
        PickleBuilder sparse = dict().text("w")
                .global("torch._utils", "_rebuild_sparse_tensor")
                .op(')', 'R', 'u', '.');
        assertThat(failure(sparse).getMessage())
                .contains("The tensor is made by torch._utils._rebuild_sparse_tensor", "(unsupported-tensor)")
                .contains("tensor \"w\"");
        assertThat(failure(
                                dict().text("w")
                                        .tensor("QInt8Storage", "0", 1, 0, of(1), of(1))
                                        .op('u', '.'),
                                new byte[1])
                        .getMessage())
                .contains("has elements of torch.QInt8Storage");
        PickleBuilder conjugated = dict().text("w")
                .global("torch._utils", "_rebuild_tensor_v2")
                .op('(')
                .storage("ComplexFloatStorage", "0", 1)
                .view(0, of(1), of(1))
                .op('}')
                .text("conj")
                .op(0x88, 's', 't', 'R', 'u', '.');
        assertThat(failure(conjugated, new byte[8]).getMessage()).contains("is a conjugated or negated view");
    }

    @Test
    void archives() {
        byte[] pickle =
                dict().text("w").tensor("0", 1, 0, of(1), of(1)).op('u', '.').bytes();
        UnaryOperator<TorchFiles> good =
                files -> files.add("m/data.pkl", pickle).add("m/data/0", new byte[4]);
        byte[] whole = good.apply(TorchFiles.archive()).bytes();
        for (int length = 4; length < whole.length; length += 7) {
            assertThat(failure(Arrays.copyOf(whole, length)).id()).isEqualTo("truncated-file");
        }
        assertThat(failure(Arrays.copyOf(whole, whole.length + 1)).id()).isEqualTo("truncated-file");
        assertArchive("invalid-archive", good.apply(TorchFiles.archive()).add("m/data/0", new byte[4]));
        assertArchive("invalid-archive", good.apply(TorchFiles.archive()).add("m/data.pkl", pickle));
        assertArchive("invalid-archive", good.apply(TorchFiles.archive()).add("n/data.pkl", pickle));
        assertArchive("invalid-archive", good.apply(TorchFiles.archive()).declaring(1));
        assertArchive("unsupported-format", good.apply(TorchFiles.archive()).add("m/byteorder", "middle"));
        assertArchive("unsupported-format", good.apply(TorchFiles.archive()).add("m/byteorder", "big"));
        assertArchive("unsupported-format", good.apply(TorchFiles.archive()).add("m/constants.pkl", pickle));
        assertArchive("path-escape", good.apply(TorchFiles.archive()).add("m/../x", pickle));
        assertArchive("path-escape", good.apply(TorchFiles.archive()).add("/m/x", pickle));
        assertArchive("invalid-archive", TorchFiles.archive().add("m/other", pickle));
        assertArchive(
                "invalid-archive",
                TorchFiles.archive()
                        .add("m/data.pkl", pickle)
                        .add(new TorchFiles.Entry("m/data/0", "m/data/1", new byte[4], 0)));
        assertArchive(
                "invalid-archive",
                TorchFiles.archive()
                        .add("m/data.pkl", pickle)
                        .add(new TorchFiles.Entry("m/data/0", "m/data/0", new byte[4], 8)));
    }

    private void assertArchive(String id, TorchFiles files) {
        CheckpointException failure = failure(files.bytes());
        assertThat(failure.id()).as(failure.getMessage()).isEqualTo(id);
    }

    @Test
    void otherFormatsUnderTheName() {
        byte[] tar = new byte[512];
        System.arraycopy("ustar".getBytes(StandardCharsets.US_ASCII), 0, tar, 257, 5);
        tar[0] = 'x';
        assertThat(failure(tar).getMessage()).contains("a tar archive", "(unsupported-format)");
        assertThat(failure("GGUF".getBytes(StandardCharsets.US_ASCII)).getMessage())
                .contains("a GGUF file", "(wrong-format)");
        assertThat(failure(TestFiles.bytes(TestFiles.ONE.getBytes(StandardCharsets.UTF_8), 4))
                        .getMessage())
                .contains("probably a safetensors file");
        assertThat(failure("x".getBytes(StandardCharsets.US_ASCII)).id()).isEqualTo("wrong-format");
        assertThat(failure(new byte[0]).id()).isEqualTo("empty-file");
    }

    /** Torch's own files with bytes changed: they open and can be read, or end in a typed error. */
    @ParameterizedTest
    @ValueSource(strings = {"views.bin", "legacy-views.bin", "rebuild-v3.bin", "protocol-4.bin", "nested-model.bin"})
    void changedBytes(String name) throws IOException {
        byte[] good = Files.readAllBytes(Fixtures.path("bin/" + name));
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            byte[] bytes = good.clone();
            for (int i = 0; i <= random.nextInt(4); i++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            TestFiles.write(file(), bytes);
            try (Checkpoint checkpoint = Checkpoint.open(file())) {
                for (TensorInfo tensor : checkpoint.tensors().values()) {
                    if (tensor.byteLength() < 1 << 20) {
                        assertThat(checkpoint.map(tensor).remaining()).isEqualTo((int) tensor.byteLength());
                    }
                }
            } catch (CheckpointException e) {
                assertThat(e.file()).isPresent();
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }
}
