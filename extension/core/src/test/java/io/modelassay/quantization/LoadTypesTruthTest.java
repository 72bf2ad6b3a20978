package io.modelassay.quantization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.architecture.Architectures;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.conversion.CheckpointConversion;
import io.modelassay.evaluation.Protocol;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Progress;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.WeightDecoder;
import io.modelassay.truth.OpenModel;
import io.modelassay.truth.Truths;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Weights as transformers itself has them after a load in float32, bfloat16 or float16, bit for bit. */
class LoadTypesTruthTest {
    private static final JsonNode TRUTH = Truths.json("quantization/load-types.json");

    @TempDir
    private Path folder;

    static Stream<Arguments> loads() {
        return variants().stream()
                .flatMap(variant ->
                        Stream.of(DType.FP32, DType.BF16, DType.FP16).map(dtype -> Arguments.of(variant, dtype)));
    }

    static List<String> variants() {
        return TRUTH.propertyStream().map(Map.Entry::getKey).toList();
    }

    @Test
    void everyVariantOfTheseFormatsIsThere() {
        assertThat(variants())
                .contains(
                        "ct-pack-int4-g128",
                        "ct-pack-int4-g32-asym",
                        "ct-pack-int4-actorder-group",
                        "ct-pack-int3-old",
                        "ct-pack-int3-dense",
                        "ct-int8-channel",
                        "ct-fp8-channel",
                        "ct-fp8-block",
                        "fp8-block");
        TRUTH.forEach(variant ->
                variant.forEach(load -> assertThat(load.path("sha256").size()).isGreaterThanOrEqualTo(7)));
    }

    @ParameterizedTest(name = "{0} in {1}")
    @MethodSource("loads")
    void aLoadGivesTheLibrarysOwnBits(String variant, DType dtype) {
        Map<String, String> decoded = new TreeMap<>();
        try (Checkpoint checkpoint = Checkpoint.open(Fixtures.path("quantized/" + variant));
                WeightDecoder decoder = new WeightDecoder(checkpoint, OpenModel.engine())) {
            for (PackedWeight weight : StoredQuantization.of(checkpoint, Architectures.find(checkpoint.config()))
                    .weights()
                    .values()) {
                try (Tensor values = decoder.decode(weight, dtype)) {
                    decoded.put(
                            weight.parameter(),
                            sha256(Kernels.conversions(OpenModel.engine()).bytes(values)));
                }
            }
        }
        assertThat(decoded).isEqualTo(hashes(variant, dtype));
    }

    /** Rounding to bfloat16 first, as a checkpoint without its model would be decoded, gives other bits in float32. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("variants")
    void aLoadInFloat32RoundsNothing(String variant) {
        Map<String, String> rounded = new TreeMap<>();
        Kernels conversions = Kernels.conversions(OpenModel.engine());
        try (Checkpoint checkpoint = Checkpoint.open(Fixtures.path("quantized/" + variant));
                WeightDecoder decoder = new WeightDecoder(checkpoint, OpenModel.engine())) {
            for (PackedWeight weight : StoredQuantization.of(checkpoint, Architectures.find(checkpoint.config()))
                    .weights()
                    .values()) {
                try (Tensor values = decoder.decode(weight);
                        Tensor wide = conversions.call("convert", values, DType.FP32.scalarType())) {
                    rounded.put(weight.parameter(), sha256(conversions.bytes(wide)));
                }
            }
        }
        assertThat(rounded.values())
                .doesNotContainAnyElementsOf(hashes(variant, DType.FP32).values());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("variants")
    void perplexityInFloat32IsThatOfTheLibrarysWeights(String variant) {
        JsonNode base = Truths.variant(variant).path("base");
        double expected = TRUTH.path(variant)
                .path("fp32")
                .path("perplexity")
                .path("value")
                .doubleValue();
        try (ModelUnderTest model = ModelAssay.open(Fixtures.path("quantized/" + variant))
                .computingIn(DType.FP32)
                .load()) {
            double value = model.perplexity(Text.ofTokens(Truths.firstTokens(base.textValue())), new Protocol(256))
                    .value();
            assertThat(value).isCloseTo(expected, within(2e-6 * expected));
        }
    }

    @ParameterizedTest(name = "{0} in {1}")
    @MethodSource("loads")
    void decodeWritesWhatALoadInThatTypeGives(String variant, DType dtype) {
        Path out = folder.resolve("decoded");
        try (Checkpoint checkpoint = Checkpoint.open(Fixtures.path("quantized/" + variant))) {
            CheckpointConversion.convert(checkpoint, out, dtype, Progress.SILENT);
        }
        Map<String, String> expected = hashes(variant, dtype);
        Map<String, String> written = new TreeMap<>();
        try (Checkpoint decoded = Checkpoint.open(out)) {
            for (TensorInfo tensor : decoded.tensors().values()) {
                if (expected.containsKey(tensor.name())) {
                    written.put(tensor.name(), sha256(decoded.map(tensor)));
                }
            }
        }
        assertThat(written).isEqualTo(expected);
    }

    private static Map<String, String> hashes(String variant, DType dtype) {
        Map<String, String> hashes = new TreeMap<>();
        String type = switch (dtype) {
            case FP32 -> "fp32";
            case BF16 -> "bf16";
            default -> "fp16";
        };
        TRUTH.path(variant)
                .path(type)
                .path("sha256")
                .properties()
                .forEach(hash -> hashes.put(hash.getKey(), hash.getValue().textValue()));
        return hashes;
    }

    private static String sha256(ByteBuffer bytes) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(bytes);
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
