package io.modelassay.quantizer;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonToken;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.ShardedSafetensorsWriter;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.conversion.ConfigCopy;
import io.modelassay.conversion.OutputFolder;
import io.modelassay.quantization.Codec;
import io.modelassay.quantization.QuantizationPlan;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Progress;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.TorchEngine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Writes a quantized checkpoint from finished layers: tensor by tensor, and the folder appears complete or not at all. */
final class ArtifactWriter {
    private final Checkpoint source;
    private final ModelPlan model;
    private final QuantizationPlan plan;
    private final ArtifactFormat format;
    private final QuantizationJournal journal;
    private final TorchEngine engine;

    ArtifactWriter(
            Checkpoint source,
            ModelPlan model,
            QuantizationPlan plan,
            ArtifactFormat format,
            QuantizationJournal journal,
            TorchEngine engine) {
        this.source = source;
        this.model = model;
        this.plan = plan;
        this.format = format;
        this.journal = journal;
        this.engine = engine;
    }

    /** Writes {@code out} and returns the names of its files, sorted. */
    List<String> write(OutputFolder out, long shardBytes, Progress progress) {
        return out.write(source, folder -> {
            tensors(folder, shardBytes, progress);
            for (String name : List.of("config.json", "generation_config.json")) {
                if (source.companionFile(name).isPresent()) {
                    config(source.companionFile(name).get(), folder.resolve(name), name.equals("config.json"));
                }
            }
            if (!format.configFile().isEmpty()) {
                try (JsonGenerator json = new JsonFactory()
                        .createGenerator(folder.resolve(format.configFile()).toFile(), JsonEncoding.UTF8)) {
                    json.useDefaultPrettyPrinter();
                    json.writeStartObject();
                    format.config(plan, linear(), json);
                    json.writeEndObject();
                }
            }
            ManifestFile.write(folder);
        });
    }

    private List<String> linear() {
        return model.parameters().stream()
                .filter(parameter -> parameter.kind() == Parameter.Kind.LINEAR)
                .map(Parameter::module)
                .distinct()
                .toList();
    }

    private void config(Path from, Path to, boolean describes) throws IOException {
        ConfigCopy.copy(from, to, new ConfigCopy.Edits() {
            @Override
            public boolean drops(String name) {
                return name.equals("quantization_config") || name.equals("compression_config");
            }

            @Override
            public boolean replaces(String place, JsonToken token, String text, JsonGenerator out) {
                return false;
            }

            @Override
            public void end(JsonGenerator out) throws IOException {
                if (describes) {
                    out.writeObjectFieldStart("quantization_config");
                    format.config(plan, linear(), out);
                    out.writeEndObject();
                }
            }
        });
    }

    private void tensors(Path folder, long shardBytes, Progress progress) {
        ShardedSafetensorsWriter.Builder builder =
                ShardedSafetensorsWriter.to(folder).largestShard(shardBytes);
        Map<String, Shape> quantized = new HashMap<>();
        Set<String> known = new HashSet<>();
        for (TensorInfo tensor : source.tensors().values()) {
            String module = module(tensor.name());
            if (module.isEmpty()) {
                builder.tensor(tensor.name(), tensor.type(), tensor.shape());
                known.add(tensor.name());
            } else {
                quantized.put(module, tensor.shape());
                format.parts(tensor.shape(), plan.quantization())
                        .forEach(part -> builder.tensor(module + "." + part.suffix(), part.type(), part.shape()));
            }
        }
        try (ShardedSafetensorsWriter writer = builder.open();
                Kernels kernels = Kernels.compile(engine, Codec.class, format.kernels())) {
            List<String> layers = model.decoder().layers();
            Set<String> changed = new HashSet<>();
            for (int layer = 0; layer < layers.size(); layer++) {
                try (Checkpoint done = journal.read(layer)) {
                    String prefix = layers.get(layer) + ".";
                    quantized.keySet().stream()
                            .filter(module -> module.startsWith(prefix))
                            .forEach(module -> pack(module, done, kernels, writer));
                    done.tensors().values().stream()
                            .filter(tensor -> known.contains(tensor.name()))
                            .forEach(tensor -> {
                                changed.add(tensor.name());
                                change(tensor, done, kernels, writer);
                            });
                }
                progress.step("writing layers", layer + 1, layers.size());
            }
            known.removeAll(changed);
            known.forEach(name -> copy(source.tensor(name), writer));
            writer.commit();
        }
    }

    /** The quantized module whose weight {@code tensor} is, or nothing. */
    private String module(String tensor) {
        return model.parameter(tensor)
                .filter(parameter -> parameter.kind() == Parameter.Kind.LINEAR && plan.quantizes(parameter.module()))
                .map(Parameter::module)
                .orElse("");
    }

    private void pack(String module, Checkpoint done, Kernels kernels, ShardedSafetensorsWriter writer) {
        Map<String, Tensor> parts = journal.parts(done, module);
        try {
            Map<String, Tensor> packed = kernels.callMap("pack", parts, format.options(plan.quantization()));
            packed.forEach((suffix, tensor) -> {
                try (tensor) {
                    writer.write(module + "." + suffix, kernels.bytes(tensor));
                }
            });
        } finally {
            parts.values().forEach(Tensor::close);
        }
    }

    private void change(TensorInfo tensor, Checkpoint done, Kernels kernels, ShardedSafetensorsWriter writer) {
        TensorInfo before = source.tensor(tensor.name());
        try (Tensor value = kernels.stored(tensor.name(), tensor.type(), tensor.shape(), done.map(tensor));
                Tensor converted =
                        kernels.call("convert", value, TorchEngine.scalarType(before.type(), before.name()))) {
            writer.write(tensor.name(), kernels.bytes(converted));
        }
    }

    private void copy(TensorInfo tensor, ShardedSafetensorsWriter writer) {
        int most = 1 << 26;
        for (long from = 0; from < tensor.byteLength(); from += most) {
            int length = Math.toIntExact(Math.min(most, tensor.byteLength() - from));
            writer.write(tensor.name(), source.map(tensor, from, length));
        }
    }
}
