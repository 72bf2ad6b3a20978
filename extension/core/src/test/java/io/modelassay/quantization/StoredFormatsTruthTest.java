package io.modelassay.quantization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.architecture.Architectures;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.evaluation.Protocol;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.inspection.Inspection;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.WeightDecoder;
import io.modelassay.truth.OpenModel;
import io.modelassay.truth.Truths;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Checkpoints that the real quantization tools wrote, against what those tools decode them to. */
class StoredFormatsTruthTest {
    static List<String> variants() {
        return Fixtures.variants();
    }

    @Test
    void everyFamilyIsThere() {
        assertThat(variants()).hasSizeGreaterThanOrEqualTo(43);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("variants")
    void everyWeightDecodesToTheToolsOwnBytes(String variant) throws NoSuchAlgorithmException {
        JsonNode decoded = Truths.variant(variant).path("decoded");
        List<String> wrong = new ArrayList<>();
        try (Checkpoint checkpoint = Checkpoint.open(Fixtures.path("quantized/" + variant));
                WeightDecoder decoder = new WeightDecoder(checkpoint, OpenModel.engine())) {
            StoredQuantization stored = StoredQuantization.of(checkpoint, Architectures.find(checkpoint.config()));
            List<String> expected = new ArrayList<>();
            decoded.fieldNames().forEachRemaining(expected::add);
            assertThat(stored.weights().keySet()).containsExactlyInAnyOrderElementsOf(expected);
            for (PackedWeight weight : stored.weights().values()) {
                JsonNode truth = decoded.path(weight.parameter());
                try (Tensor values = decoder.decode(weight)) {
                    assertThat(values.shape().dimensions().toString())
                            .isEqualTo(truth.path("shape").toString().replace(",", ", "));
                    if (!sha256(Kernels.conversions(OpenModel.engine()).bytes(values))
                            .equals(truth.path("sha256").textValue())) {
                        wrong.add(weight.parameter());
                    }
                }
            }
        }
        assertThat(wrong).isEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("variants")
    void perplexityIsTheToolsOwn(String variant) {
        JsonNode truth = Truths.variant(variant);
        assumeTrue(truth.path("base").isTextual(), "a variant without a trained base has no perplexity");
        JsonNode figure = truth.path("perplexity");
        int[] tokens = Truths.firstTokens(truth.path("base").textValue());
        try (ModelUnderTest model = ModelAssay.open(Fixtures.path("quantized/" + variant))
                .computingIn(DType.FP32)
                .load()) {
            double value =
                    model.perplexity(Text.ofTokens(tokens), new Protocol(256)).value();
            double expected = figure.path("value").doubleValue();
            assertThat(value).isCloseTo(expected, within(1e-4 * expected));
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("variants")
    void aHealthyArtifactHasNoErrors(String variant) {
        assertThat(Inspection.of(Fixtures.path("quantized/" + variant)).findings())
                .filteredOn(finding -> finding.severity() == Finding.Severity.ERROR)
                .filteredOn(finding -> !isOfPartsLeftOut(variant, finding))
                .isEmpty();
    }

    /**
     * AutoGPTQ was kept from quantizing most layers, which its config cannot say: a loader would miss their parts indeed.
     */
    private static boolean isOfPartsLeftOut(String variant, Finding finding) {
        return Truths.variant(variant).path("provenance").path("tool").asText().equals("AutoGPTQ")
                && finding.id().equals("quantized-module-unpacked");
    }

    private static String sha256(ByteBuffer bytes) throws NoSuchAlgorithmException {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        digest.update(bytes);
        return HexFormat.of().formatHex(digest.digest());
    }
}
