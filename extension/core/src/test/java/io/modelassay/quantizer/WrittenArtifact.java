package io.modelassay.quantizer;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.inspection.Inspection;
import io.modelassay.quantization.Codec;
import io.modelassay.quantization.PackedWeight;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.QuantizationPlan;
import io.modelassay.quantization.StorageFormat;
import io.modelassay.quantization.StoredQuantization;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.TorchEngine;
import io.modelassay.runtime.WeightDecoder;
import io.modelassay.truth.OpenModel;
import io.modelassay.truth.Truths;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** An artifact as a reader finds it, against the weights that were to be written. */
final class WrittenArtifact {
    /** What the module's weight must decode to, in float32; the caller closes it. */
    interface Expected {
        Tensor weight(String module, Kernels kernels, TensorInfo source);
    }

    private static final TorchEngine ENGINE = OpenModel.engine();

    private WrittenArtifact() {}

    /**
     * Nothing to find fault with but packed zero points where there are any, every module stored as {@code format} and decoded to the last bit as expected, kept modules
     * and all other tensors byte for byte as in {@code model}, and the manifest's hashes those of the files.
     */
    static void check(Path folder, Path model, Quantization quantization, StorageFormat format, Expected expected) {
        boolean packsZeroPoints = format.variant().equals("pack-quantized") && !format.symmetric();
        assertThat(Inspection.of(folder).findings())
                .extracting(Finding::id)
                .isEqualTo(packsZeroPoints ? List.of("packed-zero-points") : List.of());
        assertThat(Manifest.verify(folder)).isEmpty();
        try (Checkpoint source = Checkpoint.open(model);
                Checkpoint written = Checkpoint.open(folder);
                WeightDecoder decoder = new WeightDecoder(written, ENGINE)) {
            ModelPlan architecture = Architectures.require(written.config());
            QuantizationPlan plan = QuantizationPlan.of(quantization, architecture);
            StoredQuantization stored = StoredQuantization.of(written, Optional.of(architecture));
            assertThat(stored.formats()).isEqualTo(Map.of(format, (long) plan.size()));
            for (Parameter parameter : architecture.parameters()) {
                Optional<PackedWeight> packed = stored.find(parameter.name());
                assertThat(packed.isPresent())
                        .as(parameter.name())
                        .isEqualTo(parameter.kind() == Parameter.Kind.LINEAR && plan.quantizes(parameter.module()));
                if (packed.isPresent()) {
                    assertThat(decoded(decoder, packed.get()))
                            .as(parameter.name())
                            .isEqualTo(expected(packed.get(), source.tensor(parameter.name()), expected));
                } else if (source.find(parameter.name()).isPresent()) {
                    assertThat(Truths.bytes(written, parameter.name()))
                            .as(parameter.name())
                            .isEqualTo(Truths.bytes(source, parameter.name()));
                }
            }
        }
    }

    private static ByteBuffer decoded(WeightDecoder decoder, PackedWeight packed) {
        try (Tensor weight = decoder.decode(packed)) {
            return Kernels.conversions(ENGINE).bytes(weight);
        }
    }

    private static ByteBuffer expected(PackedWeight packed, TensorInfo source, Expected expected) {
        Kernels conversions = Kernels.conversions(ENGINE);
        try (Tensor full = expected.weight(packed.module(), conversions, source);
                Tensor rounded =
                        conversions.call("convert", full, TorchEngine.scalarType(packed.type(), packed.parameter()))) {
            return conversions.bytes(rounded);
        }
    }

    /** Encodes and decodes the weights of {@code model} with the quantization's own kernels. */
    static Expected encoded(Checkpoint model, Quantization quantization) {
        Codec codec = quantization.storedCodec();
        return (module, conversions, source) -> {
            try (Kernels kernels = Kernels.compile(ENGINE, Codec.class, codec.kernels());
                    Tensor stored =
                            conversions.stored(source.name(), source.type(), source.shape(), model.map(source));
                    Tensor full = conversions.call("convert", stored, 6)) {
                Map<String, Tensor> parts = kernels.callMap("encode", full, codec.options());
                try {
                    return kernels.call("decode", parts, codec.options());
                } finally {
                    List.copyOf(parts.values()).forEach(Tensor::close);
                }
            }
        };
    }
}
