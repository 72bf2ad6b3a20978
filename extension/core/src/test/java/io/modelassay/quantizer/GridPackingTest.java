package io.modelassay.quantizer;

import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.conversion.OutputFolder;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.Codec;
import io.modelassay.quantization.GptqSettings;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.QuantizationPlan;
import io.modelassay.quantization.StorageFormat;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Tensor;
import io.modelassay.truth.OpenModel;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Codes, zero points and orders of channels that rounding to nearest never gives: every value, in every place. */
class GridPackingTest {
    record Case(ArtifactFormat format, Quantization quantization, String scheme, String variant) {
        @Override
        public String toString() {
            return quantization + " as " + format.name();
        }
    }

    @TempDir
    private Path folder;

    static List<Case> cases() {
        List<Case> cases = new ArrayList<>();
        for (int bits : new int[] {2, 3, 4, 8}) {
            for (int group : new int[] {64, -1}) {
                Quantization natural = Quantization.gptq(bits, group).asymmetric();
                Quantization ordered = natural.with(GptqSettings.DEFAULT.order(GptqSettings.Order.ACT_ORDER));
                for (Quantization quantization : List.of(natural, ordered)) {
                    cases.add(new Case(new GptqV2Format(), quantization, "gptq", "gptq_v2"));
                    cases.add(
                            new Case(new PackQuantizedFormat(), quantization, "compressed-tensors", "pack-quantized"));
                }
            }
        }
        cases.add(new Case(new AwqFormat(), Quantization.gptq(4, 64).asymmetric(), "awq", "gemm"));
        cases.add(new Case(new AwqFormat(), Quantization.gptq(4, -1).asymmetric(), "awq", "gemm"));
        return cases;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void everyCodeAndZeroPointInItsPlace(Case written) {
        Path model = Fixtures.path("tiny-llama");
        Path out = folder.resolve("out");
        Quantization quantization = written.quantization();
        try (Checkpoint source = Checkpoint.open(model);
                Kernels kernels = Kernels.compile(OpenModel.engine(), Codec.class, List.of("uniform.py"))) {
            ModelPlan architecture = Architectures.require(source.config());
            QuantizationPlan plan = QuantizationPlan.of(quantization, architecture);
            ArtifactWriter writer =
                    new ArtifactWriter(source, architecture, plan, written.format(), OpenModel.engine());
            writer.write(
                    OutputFolder.at(out),
                    receiver -> writer.weights().forEach((module, weight) -> {
                        Map<String, Tensor> parts = parts(module, weight, quantization, kernels);
                        receiver.module(module, parts);
                        parts.values().forEach(Tensor::close);
                    }),
                    Long.MAX_VALUE);
            StorageFormat stored = new StorageFormat(
                    written.scheme(), written.variant(), quantization.bits(), quantization.groupSize(), false);
            WrittenArtifact.check(out, model, quantization, stored, (module, conversions, weight) -> {
                Map<String, Tensor> parts = parts(module, weight, quantization, kernels);
                try {
                    return kernels.call("restored", parts);
                } finally {
                    parts.values().forEach(Tensor::close);
                }
            });
        }
    }

    /** Random ones, the same for the same module. */
    private static Map<String, Tensor> parts(
            String module, TensorInfo weight, Quantization quantization, Kernels kernels) {
        Random random = new Random(module.hashCode());
        int out = (int) weight.shape().dimension(0);
        int in = (int) weight.shape().dimension(1);
        int group = quantization.groupSize() < 0 ? in : quantization.groupSize();
        int groups = in / group;
        List<Integer> index = new ArrayList<>();
        for (int channel = 0; channel < in; channel++) {
            index.add(channel / group);
        }
        if (IntegerGrid.isOrdered(quantization)) {
            Collections.shuffle(index, random);
        }
        ByteBuffer order = ByteBuffer.allocateDirect(4 * in).order(ByteOrder.LITTLE_ENDIAN);
        index.forEach(order::putInt);
        ByteBuffer scales = ByteBuffer.allocateDirect(2 * out * groups).order(ByteOrder.LITTLE_ENDIAN);
        while (scales.hasRemaining()) {
            // Between 2^-7 and 2^-5.
            scales.putShort((short) (0x2000 + random.nextInt(0x800)));
        }
        return Map.of(
                "codes",
                kernels.stored("codes", TensorType.U8, Shape.of(out, in), codes(out * in, quantization, random)),
                "zeros",
                kernels.stored(
                        "zeros", TensorType.U8, Shape.of(out, groups), codes(out * groups, quantization, random)),
                "scales",
                kernels.stored("scales", TensorType.F16, Shape.of(out, groups), scales.flip()),
                "g_idx",
                kernels.stored("g_idx", TensorType.I32, Shape.of(in), order.flip()));
    }

    private static ByteBuffer codes(int count, Quantization quantization, Random random) {
        ByteBuffer codes = ByteBuffer.allocateDirect(count);
        while (codes.hasRemaining()) {
            codes.put((byte) random.nextInt(1 << quantization.bits()));
        }
        return codes.flip();
    }
}
