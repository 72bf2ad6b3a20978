package io.modelassay.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.modelassay.fixtures.Corruptor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The corruptors break what they say, in one file and in shards, and the reader says so. */
class CorruptorTests {

    private static final String LAST = "model-00002-of-00002.safetensors";

    @TempDir
    Path folder;

    @BeforeEach
    void healthy() {
        write("one", Long.MAX_VALUE);
        write("sharded", 40);
    }

    private void write(String name, long largest) {
        try (ShardedSafetensorsWriter writer = ShardedSafetensorsWriter.to(folder.resolve(name))
                .largestShard(largest)
                .tensor("w", TensorType.BF16, Shape.of(4, 5))
                .tensor("scale", TensorType.F32, Shape.of(4))
                .tensor("half", TensorType.F16, Shape.of(4))
                .tensor("q", TensorType.I32, Shape.of(2))
                .open()) {
            for (TensorInfo tensor : writer.tensors()) {
                writer.write(tensor.name(), ByteBuffer.allocate((int) tensor.byteLength()));
            }
            writer.commit();
        }
        TestFiles.write(folder.resolve(name).resolve("config.json"), "{\"hidden_size\": 5}");
        TestFiles.write(folder.resolve(name).resolve("tokenizer.json"), "{}");
    }

    private Path broken(String source, UnaryOperator<Corruptor> how) {
        return how.apply(Corruptor.of(folder.resolve(source)).named(source + "-broken"))
                .into(folder);
    }

    private String idOf(String source, UnaryOperator<Corruptor> how) {
        return TestFiles.failure(broken(source, how)).id();
    }

    @ParameterizedTest
    @ValueSource(strings = {"one", "sharded"})
    void valuesAreSet(String source) {
        Path path = broken(
                source,
                corruptor -> corruptor
                        .setNaN("w", 17)
                        .setInfinity("scale", 1)
                        .setValue("half", 3, -1.5)
                        .setValue("q", 1, -7));
        try (Checkpoint checkpoint = Checkpoint.open(path)) {
            ScanReport report = ValueScan.create().scan(checkpoint);
            assertThat(report.nonFinite()).extracting(TensorScan::name).containsExactly("scale", "w");
            assertThat(report.tensors().get(3).firstNonFiniteIndex()).hasValue(17);
            assertThat(report.tensors().get(2).inf()).isEqualTo(1);
            assertThat(report.tensors().get(0).absMax()).isEqualTo(1.5);
            ByteBuffer q = checkpoint.map(checkpoint.tensor("q")).order(ByteOrder.LITTLE_ENDIAN);
            assertThat(q.getInt(4)).isEqualTo(-7);
        }
        try (Checkpoint original = Checkpoint.open(folder.resolve(source))) {
            assertThat(ValueScan.create().scan(original).nonFinite()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"one", "sharded"})
    void tensorsAreRemovedAddedRenamedAndReshaped(String source) {
        Path path = broken(
                source,
                corruptor -> corruptor
                        .removeTensor("scale")
                        .addTensor("extra.bias", "F32", 3)
                        .renameTensor("w", "x.weight")
                        .setShape("x.weight", 5, 4)
                        .replaceTensor("q", "F16", 6)
                        .editConfig(config -> config.put("hidden_size", 7)));
        try (Checkpoint checkpoint = Checkpoint.open(path)) {
            assertThat(checkpoint.tensors()).containsOnlyKeys("extra.bias", "half", "q", "x.weight");
            assertThat(checkpoint.tensor("x.weight").shape()).isEqualTo(Shape.of(5, 4));
            assertThat(checkpoint.tensor("q").type()).isEqualTo(TensorType.F16);
            assertThat(checkpoint.config().integer("hidden_size")).isEqualTo(7);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"one", "sharded"})
    void filesAreBroken(String source) {
        assertThat(idOf(source, corruptor -> corruptor.duplicateKey("half"))).isEqualTo("duplicate-tensor-name");
    }

    @Test
    void oneFileIsBroken() {
        assertThat(idOf("one", corruptor -> corruptor.truncateLastFile(1))).isEqualTo("truncated-file");
    }

    @Test
    void overlap() {
        assertThat(idOf("one", corruptor -> corruptor.overlap("w", 2))).isEqualTo("overlapping-tensors");
    }

    @Test
    void unknownType() {
        assertThat(idOf("sharded", corruptor -> corruptor.setDtype("w", "I4"))).isEqualTo("unknown-dtype");
    }

    @Test
    void escape() {
        assertThat(idOf("sharded", corruptor -> corruptor.indexNaming("w", "../x")))
                .isEqualTo("path-escape");
    }

    @Test
    void missingMetadataIsNoted() {
        Path path = broken("one", corruptor -> corruptor.removeMetadata("w"));
        try (Checkpoint checkpoint = Checkpoint.open(path)) {
            assertThat(checkpoint.notes()).extracting(Finding::id).contains("missing-format-metadata");
        }
    }

    @Test
    void tensorOnlyInTheIndex() {
        assertThat(idOf("sharded", corruptor -> corruptor.removeTensorFromFile("q")))
                .isEqualTo("tensor-not-in-shard");
    }

    @Test
    void tensorOnlyInItsShard() {
        assertThat(idOf("sharded", corruptor -> corruptor.removeTensorFromIndex("q")))
                .isEqualTo("tensor-not-in-index");
    }

    @Test
    void tensorInTwoShards() {
        assertThat(idOf("sharded", corruptor -> corruptor.copyTensorTo("w", LAST)))
                .isEqualTo("tensor-in-two-shards");
    }

    @Test
    void missingShard() {
        assertThat(idOf("sharded", corruptor -> corruptor.deleteFile(LAST))).isEqualTo("missing-shard");
    }

    @Test
    void pretendingFiles() {
        assertThat(idOf("sharded", corruptor -> corruptor.gitLfsPointer(LAST))).isEqualTo("git-lfs-pointer");
        assertThat(idOf("one", corruptor -> corruptor.htmlPage("config.json"))).isEqualTo("html-page");
    }

    @Test
    void emptyTokenizer() {
        assertThat(idOf("one", corruptor -> corruptor.emptyFile("tokenizer.json")))
                .isEqualTo("empty-file");
    }

    @Test
    void mistakesOfTheTestAuthor() {
        assertThatThrownBy(() -> broken("one", corruptor -> corruptor.setNaN("q", 0)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> broken("sharded", corruptor -> corruptor.setNaN("w", 20)))
                .hasMessage("tensor \"w\" has no element 20");
    }
}
