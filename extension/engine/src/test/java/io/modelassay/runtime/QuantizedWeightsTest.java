package io.modelassay.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.architecture.Parameter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.Granularity;
import io.modelassay.quantization.Quantization;
import io.modelassay.truth.OpenModel;
import io.modelassay.truth.Truths;
import java.nio.ByteBuffer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class QuantizedWeightsTest {
    static Stream<Quantization> quantizations() {
        return Stream.of(
                Quantization.rtn(4, 128),
                Quantization.nf4(),
                Quantization.fp4().doubleQuantized(),
                Quantization.llmInt8(),
                Quantization.fp8(Granularity.BLOCK));
    }

    @ParameterizedTest
    @MethodSource("quantizations")
    void whatIsKeptStaysByteForByteAndTheRestChanges(Quantization quantization) {
        Quantization keeping = quantization.keep("*.down_proj", "model.layers.1", "lm_head");
        try (OpenModel model = OpenModel.quantized(Fixtures.path("tiny-qwen2"), DType.BF16, keeping)) {
            int changed = 0;
            for (Parameter parameter : model.language().plan().parameters()) {
                // The head is the embedding.
                if (parameter.required()) {
                    boolean quantized = parameter.kind() == Parameter.Kind.LINEAR
                            && !parameter.module().endsWith(".down_proj")
                            && !parameter.module().startsWith("model.layers.1.");
                    boolean same = ByteBuffer.wrap(Truths.bytes(model.checkpoint(), parameter.name()))
                            .equals(loaded(model, parameter));
                    assertThat(same).as(parameter.name()).isEqualTo(!quantized);
                    changed += same ? 0 : 1;
                }
            }
            assertThat(changed).isEqualTo(3 * 6);
        }
    }

    private static ByteBuffer loaded(OpenModel model, Parameter parameter) {
        try (Tensor tensor = model.language().weights().load(parameter, DType.BF16)) {
            return Kernels.conversions(OpenModel.engine()).bytes(tensor);
        }
    }

    @ParameterizedTest
    @MethodSource("quantizations")
    void embeddingAndHeadStayByteForByte(Quantization quantization) {
        try (OpenModel model = OpenModel.quantized(Fixtures.path("tiny-llama"), DType.BF16, quantization);
                Checkpoint stored = Checkpoint.open(Fixtures.path("tiny-llama"))) {
            Weights weights = model.language().weights();
            Parameter head = model.language().plan().parameter("lm_head.weight").orElseThrow();
            Parameter embedding = model.language()
                    .plan()
                    .parameter("model.embed_tokens.weight")
                    .orElseThrow();
            Kernels kernels = Kernels.conversions(OpenModel.engine());
            int rowBytes = 2 * 256;
            try (Tensor rows = weights.rows(head, 5, 3, DType.BF16);
                    Tensor gathered = weights.gather(embedding, new int[] {7, 3, 7}, DType.BF16)) {
                assertThat(kernels.bytes(rows))
                        .isEqualTo(stored.map(stored.tensor(head.name()), 5 * rowBytes, 3 * rowBytes));
                ByteBuffer expected = ByteBuffer.allocate(3 * rowBytes);
                for (int id : new int[] {7, 3, 7}) {
                    expected.put(stored.map(stored.tensor(embedding.name()), (long) id * rowBytes, rowBytes));
                }
                assertThat(kernels.bytes(gathered)).isEqualTo(expected.flip());
            }
        }
    }
}
