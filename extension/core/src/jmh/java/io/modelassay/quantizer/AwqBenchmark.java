package io.modelassay.quantizer;

import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.Parameter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.SafetensorsWriter;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * Seconds of AWQ (scales, clips, rounding, writing) for one random decoder layer of Qwen2-0.5B's shape, float32 weights,
 * int4, groups of 128. Arguments: windows, their length, compute type. Prints one JSON line. Peer:
 * {@code fixtures/generate/bench_awq.py}.
 */
public final class AwqBenchmark {
    private static final int VOCABULARY = 2048;

    private AwqBenchmark() {}

    /** Runs the benchmark. */
    public static void main(String[] arguments) throws IOException {
        int windows = Integer.parseInt(arguments[0]);
        int length = Integer.parseInt(arguments[1]);
        DType dtype = DType.valueOf(arguments[2].toUpperCase(Locale.ROOT));
        Path folder = Files.createTempDirectory("awq-benchmark");
        writeModel(folder);
        Random random = new Random(7);
        List<int[]> tokens = new ArrayList<>();
        for (int window = 0; window < windows; window++) {
            tokens.add(random.ints(length, 0, VOCABULARY).toArray());
        }
        try (Checkpoint model = Checkpoint.open(folder)) {
            long began = System.nanoTime();
            QuantizationReport report = ModelQuantizer.of(
                            model, Quantization.awq(4, 128), new Calibration("random", tokens))
                    .on(Device.CPU)
                    .computingIn(dtype)
                    .into(folder.resolve("quantized"));
            System.out.printf(
                    Locale.ROOT,
                    "{\"tokens\": %d, \"dtype\": \"%s\", \"total_s\": %.2f, \"modules\": %d}%n",
                    report.tokens(),
                    dtype,
                    (System.nanoTime() - began) / 1e9,
                    report.modules().size());
        }
    }

    private static void writeModel(Path folder) throws IOException {
        Path config = folder.resolve("config.json");
        Files.writeString(
                config,
                """
                {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "vocab_size": %d, "hidden_size": 896,
                 "intermediate_size": 4864, "num_hidden_layers": 1, "num_attention_heads": 14, "num_key_value_heads": 2,
                 "max_position_embeddings": 2048, "rms_norm_eps": 1e-06, "rope_theta": 10000.0, "hidden_act": "silu",
                 "tie_word_embeddings": false, "torch_dtype": "float32"}
                """
                        .formatted(VOCABULARY));
        List<Parameter> parameters =
                Architectures.require(ModelConfig.read(config)).parameters();
        SafetensorsWriter.Builder builder = SafetensorsWriter.to(folder.resolve("model.safetensors"));
        parameters.forEach(parameter -> builder.tensor(parameter.name(), TensorType.F32, parameter.shape()));
        Random random = new Random(7);
        try (SafetensorsWriter writer = builder.open()) {
            for (Parameter parameter : parameters) {
                int count = Math.toIntExact(parameter.shape().elementCount());
                ByteBuffer values = ByteBuffer.allocate(4 * count).order(ByteOrder.LITTLE_ENDIAN);
                for (int i = 0; i < count; i++) {
                    values.putFloat(value(parameter, random));
                }
                writer.write(parameter.name(), values.flip());
            }
            writer.commit();
        }
    }

    private static float value(Parameter parameter, Random random) {
        if (parameter.name().endsWith("norm.weight")) {
            return 1;
        }
        return parameter.name().endsWith(".bias") ? 0 : (float) (0.02 * random.nextGaussian());
    }
}
