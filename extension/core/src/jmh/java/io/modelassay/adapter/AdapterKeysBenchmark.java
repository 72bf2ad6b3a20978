package io.modelassay.adapter;

import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.Parameter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.ModelConfig;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;

/**
 * The keys of a rank-64 all-linear LoRA beside a base of the shapes of Qwen2-72B, from headers: processor milliseconds of
 * each of several passes, the first of which is the first in its JVM. Arguments: {@code make FOLDER}, which writes both as sparse
 * files, or {@code measure FOLDER PASSES}, which prints one JSON line.
 */
public final class AdapterKeysBenchmark {
    private static final String CONFIG = """
            {"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"], "hidden_size": 8192, "num_hidden_layers": 80,
             "num_attention_heads": 64, "num_key_value_heads": 8, "intermediate_size": 29568, "vocab_size": 152064,
             "max_position_embeddings": 32768, "rms_norm_eps": 1e-06, "rope_theta": 1000000.0,
             "tie_word_embeddings": false}
            """;

    private AdapterKeysBenchmark() {}

    /** Runs the benchmark. */
    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[1]);
        if (arguments[0].equals("make")) {
            make(folder);
            return;
        }
        StringJoiner passes = new StringJoiner(", ", "[", "]");
        int keys = 0;
        for (int pass = 0; pass < Integer.parseInt(arguments[2]); pass++) {
            long began = processorTime();
            try (Checkpoint base = Checkpoint.open(folder.resolve("base"));
                    PeftAdapter adapter = PeftAdapter.open(folder.resolve("adapter"))) {
                long opened = processorTime();
                keys = AdapterReport.of(adapter, base).matched().size();
                passes.add(String.format(
                        Locale.ROOT,
                        "{\"open\": %.1f, \"compare\": %.1f}",
                        (opened - began) / 1e6,
                        (processorTime() - opened) / 1e6));
            }
        }
        System.out.println("{\"keys\": " + keys + ", \"milliseconds\": " + passes + "}");
    }

    /** Of this thread, which other guests of the machine do not lengthen. */
    private static long processorTime() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    private static void make(Path folder) throws IOException {
        Path base = Files.createDirectories(folder.resolve("base"));
        Path adapter = Files.createDirectories(folder.resolve("adapter"));
        Files.writeString(base.resolve("config.json"), CONFIG);
        Files.writeString(
                adapter.resolve("adapter_config.json"),
                "{\"peft_type\": \"LORA\", \"r\": 64, \"lora_alpha\": 64, \"target_modules\": \"all-linear\"}");
        Map<String, long[]> model = new LinkedHashMap<>();
        Map<String, long[]> lora = new LinkedHashMap<>();
        for (Parameter parameter : Architectures.require(ModelConfig.parse("config.json", CONFIG))
                .parameters()) {
            long[] shape = parameter.shape().dimensions().stream()
                    .mapToLong(dimension -> dimension)
                    .toArray();
            model.put(parameter.name(), shape);
            if (parameter.kind() == Parameter.Kind.LINEAR) {
                String key = "base_model.model." + parameter.module();
                lora.put(key + ".lora_A.weight", new long[] {64, shape[1]});
                lora.put(key + ".lora_B.weight", new long[] {shape[0], 64});
            }
        }
        write(base.resolve("model.safetensors"), model);
        write(adapter.resolve("adapter_model.safetensors"), lora);
    }

    /** A file of BF16 tensors whose data are a hole. */
    private static void write(Path target, Map<String, long[]> shapes) throws IOException {
        StringJoiner header = new StringJoiner(",", "{", "}");
        long at = 0;
        for (Map.Entry<String, long[]> entry : shapes.entrySet()) {
            long bytes = 2;
            StringJoiner shape = new StringJoiner(",", "[", "]");
            for (long dimension : entry.getValue()) {
                bytes *= dimension;
                shape.add(String.valueOf(dimension));
            }
            header.add("\"" + entry.getKey() + "\":{\"dtype\":\"BF16\",\"shape\":" + shape + ",\"data_offsets\":[" + at + ","
                    + (at + bytes) + "]}");
            at += bytes;
        }
        byte[] text = header.toString().getBytes(StandardCharsets.UTF_8);
        try (RandomAccessFile file = new RandomAccessFile(target.toFile(), "rw")) {
            file.write(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(text.length)
                    .array());
            file.write(text);
            file.setLength(8 + text.length + at);
        }
    }
}
