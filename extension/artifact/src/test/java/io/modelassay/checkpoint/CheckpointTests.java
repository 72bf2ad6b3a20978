package io.modelassay.checkpoint;

import static io.modelassay.checkpoint.TestFiles.ONE;
import static io.modelassay.checkpoint.TestFiles.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.throwable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointTests {

    private static final String FIRST = "model-00001-of-00002.safetensors";
    private static final String SECOND = "model-00002-of-00002.safetensors";

    @TempDir
    Path folder;

    @Test
    void healthyShardsOpenWithoutFindingsOfTheIndex() {
        try (Checkpoint checkpoint = Checkpoint.open(TestFiles.sharded(folder))) {
            assertThat(checkpoint.tensors()).containsOnlyKeys("a", "b");
            assertThat(checkpoint.byteSize()).isEqualTo(12);
            assertThat(checkpoint.notes())
                    .extracting(Finding::id)
                    .containsOnly("missing-format-metadata", "unaligned-tensor");
            assertThat(checkpoint.tensorFiles()).containsExactly(folder.resolve(FIRST), folder.resolve(SECOND));
        }
    }

    @Test
    void shardsInSubfolders() {
        TestFiles.write(folder.resolve("layers.0/layer.safetensors"), ONE, 4);
        TestFiles.index(folder, 4, "a", "./layers.0/layer.safetensors");
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.tensor("a").file()).isEqualTo(folder.resolve("layers.0/layer.safetensors"));
            assertThat(checkpoint.contentHash()).hasSize(64);
        }
    }

    @Test
    void missingShard() throws IOException {
        Files.delete(TestFiles.sharded(folder).resolve(SECOND));
        CheckpointException failure = TestFiles.failure(folder);
        assertThat(failure.getMessage())
                .isEqualTo("The index names 2 files, 1 of them missing: \"" + SECOND + "\" (missing-shard)\n"
                        + "  file " + folder.resolve("model.safetensors.index.json") + "\n"
                        + "Try: download the missing files");
    }

    @Test
    void mappedTensorAbsentFromItsShard() {
        TestFiles.sharded(folder);
        TestFiles.index(folder, 12, "a", FIRST, "b", SECOND, "c", SECOND);
        assertThat(TestFiles.failure(folder).id()).isEqualTo("tensor-not-in-shard");
        assertThat(TestFiles.failure(folder).tensor()).contains("c");
    }

    @Test
    void tensorMappedToTheWrongShard() {
        TestFiles.sharded(folder);
        TestFiles.index(folder, 12, "a", SECOND, "b", FIRST);
        assertThat(TestFiles.failure(folder).getMessage()).contains("(tensor-not-in-shard)", "it lies in " + FIRST);
    }

    @Test
    void tensorThatTheIndexDoesNotMap() {
        TestFiles.sharded(folder);
        TestFiles.write(
                folder.resolve(SECOND),
                "{" + entry("b", "F32", "[2]", 0, 8) + "," + entry("c", "U8", "[1]", 8, 9) + "}",
                9);
        assertThat(TestFiles.failure(folder).id()).isEqualTo("tensor-not-in-index");
        assertThat(TestFiles.failure(folder).tensor()).contains("c");
    }

    @Test
    void tensorInTwoShards() {
        TestFiles.sharded(folder);
        TestFiles.write(
                folder.resolve(SECOND),
                "{" + entry("a", "U8", "[4]", 0, 4) + "," + entry("b", "F32", "[2]", 4, 12) + "}",
                12);
        assertThat(TestFiles.failure(folder).id()).isEqualTo("tensor-in-two-shards");
    }

    @Test
    void wrongTotalSizeIsOnlyNoted() {
        TestFiles.sharded(folder);
        TestFiles.index(folder, 13, "a", FIRST, "b", SECOND);
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.notes())
                    .filteredOn(note -> note.id().equals("total-size-mismatch"))
                    .singleElement()
                    .extracting(Finding::message)
                    .isEqualTo("The index gives a total_size of 13 bytes, its tensors have 12 bytes");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../x.safetensors",
                "a/../../x.safetensors",
                "a/..",
                "/etc/x.safetensors",
                "C:x.safetensors",
                "c:/x.safetensors",
                "a\\\\x.safetensors",
                "a\\u0000.safetensors",
                ""
            })
    void pathsThatEscape(String name) {
        TestFiles.sharded(folder);
        TestFiles.index(folder, 12, "a", name, "b", SECOND);
        CheckpointException failure = TestFiles.failure(folder);
        assertThat(failure.id()).isEqualTo("path-escape");
        assertThat(failure.file()).contains(folder.resolve("model.safetensors.index.json"));
    }

    @Test
    void linkThatLeavesTheFolder(@TempDir Path elsewhere) throws IOException {
        TestFiles.sharded(folder);
        Files.move(folder.resolve(SECOND), elsewhere.resolve(SECOND));
        Files.createSymbolicLink(folder.resolve(SECOND), elsewhere.resolve(SECOND));
        assertThat(TestFiles.failure(folder).id()).isEqualTo("path-escape");
    }

    @Test
    void linkInsideTheFolderAndLinkToTheFolder(@TempDir Path elsewhere) throws IOException {
        TestFiles.sharded(folder);
        Files.createDirectories(folder.resolve("blobs"));
        Files.move(folder.resolve(SECOND), folder.resolve("blobs/x"));
        Files.createSymbolicLink(folder.resolve(SECOND), Path.of("blobs/x"));
        Path link = Files.createSymbolicLink(elsewhere.resolve("link"), folder);
        try (Checkpoint checkpoint = Checkpoint.open(link)) {
            assertThat(checkpoint.tensors()).hasSize(2);
        }
    }

    @Test
    void linksOfTheHuggingFaceCache() throws IOException {
        Path snapshot = folder.resolve("models--org--m/snapshots/0123");
        Path blobs = folder.resolve("models--org--m/blobs");
        Files.createDirectories(snapshot);
        TestFiles.write(blobs.resolve("abc"), ONE, 4);
        Files.createSymbolicLink(snapshot.resolve("model.safetensors"), Path.of("../../blobs/abc"));
        try (Checkpoint checkpoint = Checkpoint.open(snapshot)) {
            assertThat(checkpoint.tensors()).containsOnlyKeys("a");
        }
    }

    @Test
    void danglingLink() throws IOException {
        Files.createSymbolicLink(folder.resolve("model.safetensors"), Path.of("nothing"));
        assertThat(TestFiles.failure(folder).getMessage()).contains("(not-a-file)", "a link to nothing");
    }

    @Test
    void brokenIndexes() {
        Path index = folder.resolve("model.safetensors.index.json");
        TestFiles.write(index, "{\"weight_map\":{\"a\":\"x.safetensors\",\"a\":\"y.safetensors\"}}");
        assertThat(TestFiles.failure(folder).id()).isEqualTo("duplicate-tensor-name");
        for (String text : List.of(
                "{}",
                "{\"weight_map\":[]}",
                "{\"weight_map\":{}}",
                "{\"weight_map\":{\"a\":1}}",
                "{\"weight_map\":{\"a\":\"x\"},\"weight_map\":{\"a\":\"x\"}}")) {
            TestFiles.write(index, text);
            assertThat(TestFiles.failure(folder).id()).as(text).isEqualTo("invalid-index");
        }
        for (String text : List.of("[]", "{} {}", "\uFEFF{}", "{\0}")) {
            TestFiles.write(index, text);
            assertThat(TestFiles.failure(folder).id()).as(text).isEqualTo("invalid-json");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"config.json", "generation_config.json", "tokenizer.json", "model.safetensors.index.json", FIRST
            })
    void filesThatOnlyPretend(String name) {
        TestFiles.sharded(folder);
        TestFiles.write(folder.resolve(name), "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 987\n");
        assertThat(TestFiles.failure(folder).getMessage())
                .isEqualTo("The file is a git-LFS pointer to 987 bytes, not the file itself (git-lfs-pointer)\n"
                        + "  file " + folder.resolve(name) + "\n"
                        + "  byte offset 0\n"
                        + "Try: run `git lfs pull` in the repository that holds it, or download the file");
        TestFiles.write(folder.resolve(name), "\n<!doctype HTML><html></html>");
        assertThat(TestFiles.failure(folder).id()).isEqualTo("html-page");
        TestFiles.write(folder.resolve(name), "");
        assertThat(TestFiles.failure(folder).id()).isEqualTo("empty-file");
        assertThat(TestFiles.failure(folder).file()).contains(folder.resolve(name));
    }

    @Test
    void otherFormatsUnderASafetensorsName() {
        Path file = folder.resolve("model.safetensors");
        TestFiles.write(file, "PK\3\4----------------");
        assertThat(TestFiles.failure(folder).getMessage()).contains("a zip archive", "(wrong-format)");
        TestFiles.write(file, "GGUF----------------");
        assertThat(TestFiles.failure(folder).getMessage()).contains("a GGUF file", "(wrong-format)");
    }

    @Test
    void cutOffDocuments() {
        TestFiles.write(folder.resolve("model.safetensors"), ONE, 4);
        TestFiles.write(folder.resolve("config.json"), "{\"hidden_size\": 12");
        assertThat(TestFiles.failure(folder).id()).isEqualTo("truncated-file");
        TestFiles.write(folder.resolve("config.json"), "{}");
        TestFiles.write(folder.resolve("tokenizer.json"), "{\"model\": {\"vocab\": [");
        assertThat(TestFiles.failure(folder).id()).isEqualTo("truncated-file");
        TestFiles.write(folder.resolve("tokenizer.json"), "{\"model\": {}}\n");
        Checkpoint.open(folder).close();
    }

    @Test
    void oneFileIsPreferredToAnIndexThatIsNoted() {
        TestFiles.sharded(folder);
        TestFiles.write(folder.resolve("model.safetensors"), ONE, 4);
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.tensors()).containsOnlyKeys("a");
            assertThat(checkpoint.notes())
                    .extracting(Finding::id)
                    .contains("stale-index")
                    .doesNotContain("unused-tensor-file");
        }
    }

    @Test
    void oldShardsAndASecondCheckpointAreNoted() {
        TestFiles.sharded(folder);
        TestFiles.write(folder.resolve("model-00003-of-00003.safetensors"), ONE, 4);
        TestFiles.write(folder.resolve("pytorch_model.bin"), "x");
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.notes()).extracting(Finding::id).contains("unused-tensor-file", "second-checkpoint");
        }
    }

    @Test
    void notesOnOneFile() {
        String header = "{\"__metadata__\":{\"format\":\"flax\"}," + entry("a", "U8", "[1]", 0, 1) + ","
                + entry("b", "F32", "[1]", 1, 5) + "}";
        String aligned = header + " ".repeat(7 - (header.length() + 7) % 8);
        TestFiles.write(folder.resolve("model.safetensors"), aligned, 5);
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.notes())
                    .extracting(Finding::id)
                    .containsExactly("missing-format-metadata", "unaligned-tensor", "unsorted-tensors");
        }
    }

    @Test
    void foldersWithoutReadableTensors() {
        assertThat(TestFiles.failure(folder.resolve("none")).id()).isEqualTo("missing-folder");
        assertThat(TestFiles.failure(folder).getMessage()).contains("it has no files", "(no-tensor-files)");
        TestFiles.write(folder.resolve("README.md"), "x");
        assertThat(TestFiles.failure(folder).getMessage()).contains("it has \"README.md\"");
        TestFiles.write(folder.resolve("m.gguf"), "x");
        assertThat(TestFiles.failure(folder).id()).isEqualTo("unsupported-format");
        assertThat(TestFiles.failure(folder).nextStep())
                .contains("the safetensors checkpoint that the GGUF file was made from")
                .doesNotContain("save_pretrained");
        TestFiles.write(folder.resolve("weights.ckpt"), "x");
        assertThat(TestFiles.failure(folder).getMessage())
                .isEqualTo("The folder holds pickled files (\"weights.ckpt\") and none by a name that loaders look for"
                        + " (pickled-checkpoint)\n"
                        + "  file " + folder + "\n"
                        + "Try: name the file to open, or rename it to pytorch_model.bin if it holds the state dict");
        TestFiles.write(folder.resolve(FIRST), ONE, 4);
        assertThat(TestFiles.failure(folder).id()).isEqualTo("missing-index");
    }

    @Test
    void filesOfOtherNames() {
        TestFiles.write(folder.resolve("adapter_model.safetensors"), ONE, 4);
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.notes()).extracting(Finding::id).doesNotContain("unusual-file-name");
        }
        TestFiles.write(folder.resolve("gptq_model-4bit.safetensors"), ONE, 4);
        assertThat(TestFiles.failure(folder).id()).isEqualTo("ambiguous-tensor-files");
        try (Checkpoint checkpoint = Checkpoint.open(folder.resolve("gptq_model-4bit.safetensors"))) {
            assertThat(checkpoint.folder()).isEqualTo(folder);
            assertThat(checkpoint.tensors()).hasSize(1);
        }
    }

    @Test
    void unknownTensorNamesTheNearest() {
        try (Checkpoint checkpoint = Checkpoint.open(TestFiles.write(
                folder.resolve("m.safetensors"),
                "{" + entry("model.norm.weight", "U8", "[1]", 0, 1) + ","
                        + entry("model.layers.0.mlp.down_proj.weight", "U8", "[1]", 1, 2) + "}",
                2))) {
            assertThat(checkpoint.find("model.norm.weigth")).isEmpty();
            assertThatThrownBy(() -> checkpoint.tensor("model.norm.weigth"))
                    .hasMessage("The checkpoint has no such tensor among its 2 (unknown-tensor)\n"
                            + "  file " + folder + "\n"
                            + "  tensor \"model.norm.weigth\"\n"
                            + "Try: one of the most similar names: \"model.norm.weight\","
                            + " \"model.layers.0.mlp.down_proj.weight\"");
        }
    }

    @Test
    void bytesAreMappedAtAnyAlignment() {
        byte[] content = TestFiles.bytes(
                ("{" + entry("a", "U8", "[1]", 0, 1) + "," + entry("b", "I32", "[2]", 1, 9) + "}")
                        .getBytes(StandardCharsets.UTF_8),
                9);
        ByteBuffer.wrap(content)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(content.length - 8, 7)
                .putInt(content.length - 4, -2);
        TestFiles.write(folder.resolve("model.safetensors"), content);
        Checkpoint checkpoint = Checkpoint.open(folder);
        TensorInfo b = checkpoint.tensor("b");
        ByteBuffer mapped = checkpoint.map(b);
        assertThat(mapped.isDirect()).isTrue();
        assertThat(mapped.isReadOnly()).isTrue();
        assertThat(mapped.remaining()).isEqualTo(8);
        assertThat(mapped.getInt(0)).isEqualTo(7);
        assertThat(checkpoint.map(b, 4, 4).getInt(0)).isEqualTo(-2);
        assertThat(checkpoint.map(b, 8, 0).remaining()).isZero();
        assertProblem(() -> checkpoint.map(b, 5, 4), CheckpointProblem.OUT_OF_RANGE);
        assertProblem(() -> checkpoint.map(b, -1, 4), CheckpointProblem.OUT_OF_RANGE);
        checkpoint.close();
        assertThat(mapped.getInt(4)).isEqualTo(-2);
        assertProblem(() -> checkpoint.map(b), CheckpointProblem.CLOSED);
    }

    @Test
    void fileCutAfterOpening() throws IOException {
        Path file = TestFiles.write(folder.resolve("model.safetensors"), ONE, 4);
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            Files.write(file, new byte[10]);
            assertProblem(() -> checkpoint.map(checkpoint.tensor("a")), CheckpointProblem.FILE_CHANGED);
        }
    }

    /** Its mapping still has the old size: reading there would end the JVM. */
    @Test
    void fileCutAfterItsFirstReading() throws IOException {
        Path file = TestFiles.write(folder.resolve("model.safetensors"), ONE, 4);
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            TensorInfo tensor = checkpoint.tensor("a");
            assertThat(checkpoint.map(tensor).remaining()).isEqualTo(4);
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.truncate(tensor.offset() + 2);
            }
            assertThat(checkpoint.map(tensor, 0, 2).remaining()).isEqualTo(2);
            assertProblem(() -> checkpoint.map(tensor), CheckpointProblem.FILE_CHANGED);
            assertProblem(() -> checkpoint.map(tensor, 1, 2), CheckpointProblem.FILE_CHANGED);
            assertProblem(() -> ValueScan.create().scan(checkpoint), CheckpointProblem.FILE_CHANGED);
            Files.delete(file);
            assertProblem(() -> checkpoint.map(tensor, 0, 2), CheckpointProblem.UNREADABLE_FILE);
        }
    }

    @Test
    void contentHashCoversNamesAndContent(@TempDir Path other) throws IOException {
        String hash = hashOf(TestFiles.sharded(folder));
        assertThat(hash).matches("[0-9a-f]{64}").isEqualTo(hashOf(TestFiles.sharded(other)));
        TestFiles.write(other.resolve("README.md"), "not part of the model");
        assertThat(hashOf(other)).isEqualTo(hash);
        TestFiles.write(other.resolve("config.json"), "{}");
        assertThat(hashOf(other)).isNotEqualTo(hash);
        Files.delete(other.resolve("config.json"));
        byte[] shard = Files.readAllBytes(other.resolve(SECOND));
        shard[shard.length - 1] ^= 1;
        Files.write(other.resolve(SECOND), shard);
        assertThat(hashOf(other)).isNotEqualTo(hash);
    }

    private static String hashOf(Path folder) {
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            return checkpoint.contentHash();
        }
    }

    private static void assertProblem(ThrowingCallable call, CheckpointProblem problem) {
        assertThatThrownBy(call)
                .asInstanceOf(throwable(CheckpointException.class))
                .extracting(CheckpointException::problem)
                .isEqualTo(problem);
    }
}
