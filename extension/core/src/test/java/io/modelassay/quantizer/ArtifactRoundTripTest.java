package io.modelassay.quantizer;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.Granularity;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.StorageFormat;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the methods without calibration write, as a reader finds it. */
class ArtifactRoundTripTest {
    record Case(String format, Quantization quantization, StorageFormat stored) {
        Case(String format, Quantization quantization, String scheme, String variant, boolean symmetric) {
            this(
                    format,
                    quantization,
                    new StorageFormat(scheme, variant, quantization.bits(), quantization.groupSize(), symmetric));
        }

        @Override
        public String toString() {
            return quantization + " as " + format;
        }
    }

    @TempDir
    private Path folder;

    static List<Case> cases() {
        List<Case> cases = new ArrayList<>();
        for (int bits : new int[] {2, 3, 4, 8}) {
            for (int group : new int[] {32, -1}) {
                Quantization symmetric = Quantization.rtn(bits, group);
                Quantization asymmetric = symmetric.asymmetric();
                cases.add(new Case("gptq_v2", symmetric, "gptq", "gptq_v2", true));
                cases.add(new Case("gptq_v2", asymmetric, "gptq", "gptq_v2", false));
                if (bits != 3) {
                    cases.add(new Case("gptq", symmetric, "gptq", "gptq", true));
                }
                cases.add(new Case("pack-quantized", symmetric, "compressed-tensors", "pack-quantized", true));
                cases.add(new Case("pack-quantized", asymmetric, "compressed-tensors", "pack-quantized", false));
            }
        }
        for (int group : new int[] {64, 128, -1}) {
            // The layout stores zero points always, and so is read as asymmetric.
            cases.add(new Case("awq", Quantization.rtn(4, group), "awq", "gemm", false));
            cases.add(new Case("awq", Quantization.rtn(4, group).asymmetric(), "awq", "gemm", false));
        }
        cases.add(new Case("gptq_v2", Quantization.rtn(4, 96), "gptq", "gptq_v2", true));
        cases.add(new Case("gptq_v2", Quantization.rtn(3, 96).asymmetric(), "gptq", "gptq_v2", false));
        for (Quantization four : List.of(
                Quantization.nf4(), Quantization.fp4(), Quantization.nf4().blockSize(256))) {
            String type = four.label().substring(0, 3);
            cases.add(new Case("bitsandbytes", four, "bitsandbytes", type, true));
            cases.add(new Case("bitsandbytes", four.doubleQuantized(), "bitsandbytes", type + "-double", true));
        }
        cases.add(new Case("bitsandbytes", Quantization.llmInt8(), "bitsandbytes", "llm.int8", true));
        cases.add(new Case(
                "naive-quantized",
                Quantization.fp8(Granularity.CHANNEL),
                "compressed-tensors",
                "naive-quantized",
                true));
        cases.add(new Case(
                "naive-quantized",
                Quantization.fp8(Granularity.TENSOR),
                new StorageFormat("compressed-tensors", "naive-quantized", 8, 0, true)));
        cases.add(
                new Case("fp8", Quantization.fp8(Granularity.BLOCK), new StorageFormat("fp8", "block", 8, 128, true)));
        return cases;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void readBackToTheLastBit(Case written) {
        roundTrip("tiny-llama", written);
    }

    static Stream<Case> oneOfEachFormat() {
        return cases().stream()
                .collect(java.util.stream.Collectors.toMap(
                        Case::format, written -> written, (first, second) -> first, java.util.TreeMap::new))
                .values()
                .stream();
    }

    /** Tied head, biases, and modules that stay as they are. */
    @ParameterizedTest
    @MethodSource("oneOfEachFormat")
    void keptModulesAndBiases(Case written) {
        Quantization keeping = written.quantization().keep("*.down_proj", "model.layers.1");
        roundTrip("tiny-qwen2", new Case(written.format(), keeping, written.stored()));
    }

    private void roundTrip(String name, Case written) {
        Path model = Fixtures.path(name);
        Path out = folder.resolve("out");
        try (Checkpoint source = Checkpoint.open(model)) {
            QuantizationReport report = ModelQuantizer.of(source, written.quantization(), Calibration.NONE)
                    .format(written.format())
                    .allowing(Fallback.REFUSED_BY_NEWEST)
                    .into(out);
            assertThat(report.format()).isEqualTo(written.format());
            assertThat(report.modules()).isNotEmpty().allSatisfy(module -> {
                assertThat(module.outputError()).isGreaterThan(0).isLessThan(0.6);
                assertThat(module.tokens()).isZero();
            });
            assertThat(out).isDirectoryContaining(file -> file.endsWith(Manifest.NAME));
            WrittenArtifact.check(
                    out,
                    model,
                    written.quantization(),
                    written.stored(),
                    WrittenArtifact.encoded(source, written.quantization()));
        }
    }

    /** Sharded as the source is not; the index lists every tensor, and what is read back is the same. */
    @Test
    void inShards() {
        Path model = Fixtures.path("tiny-llama");
        Path out = folder.resolve("out");
        Quantization quantization = Quantization.nf4().doubleQuantized();
        try (Checkpoint source = Checkpoint.open(model)) {
            ModelQuantizer.of(source, quantization, Calibration.NONE)
                    .largestShard(300_000)
                    .into(out);
            assertThat(out)
                    .isDirectoryContaining("glob:**/model.safetensors.index.json")
                    .isDirectoryContaining("glob:**/model-00003-of-*.safetensors")
                    .isDirectoryNotContaining("glob:**/model.safetensors");
            WrittenArtifact.check(
                    out,
                    model,
                    quantization,
                    new StorageFormat("bitsandbytes", "nf4-double", 4, 64, true),
                    WrittenArtifact.encoded(source, quantization));
        }
    }

    /** The same twice gives the same bytes. */
    @Test
    void deterministic() throws Exception {
        try (Checkpoint source = Checkpoint.open(Fixtures.path("tiny-llama"))) {
            for (String name : List.of("one", "two")) {
                ModelQuantizer.of(source, Quantization.rtn(4, 128), Calibration.NONE)
                        .into(folder.resolve(name));
            }
        }
        for (String file : List.of("model.safetensors", "config.json", Manifest.NAME)) {
            assertThat(folder.resolve("one").resolve(file))
                    .hasSameBinaryContentAs(folder.resolve("two").resolve(file));
        }
        assertThat(Files.list(folder)).hasSize(2);
    }
}
