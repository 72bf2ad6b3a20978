package io.modelassay.quantizer;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonToken;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import io.modelassay.architecture.StoredNames;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.ShardedSafetensorsWriter;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.conversion.ConfigCopy;
import io.modelassay.conversion.OutputFolder;
import io.modelassay.failure.InvalidRequestException;
import io.modelassay.quantization.Codec;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.QuantizationPlan;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.TorchEngine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** Writes a quantized checkpoint: tensor by tensor, and the folder appears complete or not at all. */
final class ArtifactWriter {
    private static final EnumSet<TensorType> FULL_PRECISION =
            EnumSet.of(TensorType.F16, TensorType.BF16, TensorType.F32, TensorType.F64);

    private final Checkpoint source;
    private final Quantization quantization;
    private final ArtifactFormat format;
    private final TorchEngine engine;
    private final ModelPlan model;
    private final StoredNames names;
    private final Map<String, Weight> weights = new LinkedHashMap<>();
    private final List<String> kept = new ArrayList<>();
    private final List<String> heads;

    /** A weight that is quantized, and how. */
    private record Weight(TensorInfo stored, Quantization settings) {
        /** The module by its name in the file, which the parts keep. */
        String module() {
            return stored.name().substring(0, stored.name().lastIndexOf('.'));
        }
    }

    /**
     * Will write {@code source} with the modules of {@code plan} in {@code format}.
     *
     * @throws IllegalArgumentException if the format cannot hold one of them
     * @throws QuantizerException if a weight is missing, quantized already, or of another shape than the config says
     */
    ArtifactWriter(
            Checkpoint source, ModelPlan model, QuantizationPlan plan, ArtifactFormat format, TorchEngine engine) {
        this.source = source;
        this.quantization = plan.quantization();
        this.format = format;
        this.engine = engine;
        this.names = StoredNames.of(source, model);
        this.model = model;
        for (TensorInfo tensor : source.tensors().values()) {
            names.parameter(tensor.name()).ifPresent(parameter -> {
                String module = parameter.module();
                Optional<Quantization> settings = plan.settings(parameter);
                if (settings.isPresent()) {
                    requireFit(module, tensor, parameter, settings.get());
                    weights.put(module, new Weight(tensor, settings.get()));
                } else if (parameter.kind() == Parameter.Kind.LINEAR) {
                    kept.add(module);
                }
            });
        }
        if (weights.size() != plan.size()) {
            String missing = model.parameters().stream()
                    .filter(parameter -> plan.settings(parameter).isPresent())
                    .map(Parameter::module)
                    .filter(module -> !weights.containsKey(module))
                    .findFirst()
                    .orElse("");
            throw new QuantizerException(
                    missing,
                    "it has no weight; the checkpoint has weights of " + weights.size() + " of the " + plan.size()
                            + " modules that its config asks for",
                    "inspect, which lists the missing ones");
        }
        this.heads = model.parameters().stream()
                .filter(parameter -> parameter.kind() == Parameter.Kind.HEAD
                        && plan.settings(parameter).isEmpty())
                .map(Parameter::module)
                .toList();
    }

    private void requireFit(String module, TensorInfo weight, Parameter parameter, Quantization settings) {
        if (!FULL_PRECISION.contains(weight.type()) || !weight.shape().equals(parameter.shape())) {
            throw new QuantizerException(
                    module,
                    "its weight " + weight.name() + " is " + weight.type() + " " + weight.shape() + ", not "
                            + parameter.shape() + " in full precision",
                    "a checkpoint that is not quantized, with its own config.json");
        }
        String refusal = format.refusal(weight.shape(), settings);
        if (!refusal.isEmpty()) {
            throw new InvalidRequestException(
                    "The format " + format.name() + " cannot hold " + module + " " + weight.shape() + " as "
                            + settings.label() + ": it " + refusal,
                    "another group size, another format, or keep = \"" + module + "\"");
        }
    }

    /** The weights that are quantized, by the architecture's name of their module, in the order of the checkpoint. */
    Map<String, TensorInfo> weights() {
        Map<String, TensorInfo> stored = new LinkedHashMap<>();
        weights.forEach((module, weight) -> stored.put(module, weight.stored));
        return stored;
    }

    /** Writes {@code out} and returns the names of its files, sorted. */
    List<String> write(OutputFolder out, QuantizedParts parts, long shardBytes) {
        return out.write(source, folder -> {
            tensors(folder, parts, shardBytes);
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
                    format.config(contents(), json);
                    json.writeEndObject();
                }
            }
            Manifest.write(folder);
        });
    }

    private ArtifactFormat.Contents contents() {
        return new ArtifactFormat.Contents(
                quantization,
                List.copyOf(weights.keySet()),
                kept,
                heads,
                weights.values().iterator().next().stored.type());
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
                    format.config(contents(), out);
                    out.writeEndObject();
                }
            }
        });
    }

    private void tensors(Path folder, QuantizedParts parts, long shardBytes) {
        ShardedSafetensorsWriter.Builder builder =
                ShardedSafetensorsWriter.to(folder).largestShard(shardBytes);
        Set<String> asTheyAre = new HashSet<>();
        for (TensorInfo tensor : source.tensors().values()) {
            Weight weight = names.parameter(tensor.name())
                    .map(Parameter::module)
                    .map(weights::get)
                    .orElse(null);
            if (weight != null && tensor.equals(weight.stored)) {
                format.parts(tensor, weight.settings)
                        .forEach(part ->
                                builder.tensor(weight.module() + "." + part.suffix(), part.type(), part.shape()));
            } else {
                builder.tensor(tensor.name(), tensor.type(), tensor.shape());
                asTheyAre.add(tensor.name());
            }
        }
        try (ShardedSafetensorsWriter writer = builder.open();
                Kernels kernels = Kernels.compile(engine, Codec.class, format.kernels())) {
            parts.into(new QuantizedParts.Receiver() {
                @Override
                public void module(String module, Map<String, Tensor> parts) {
                    Weight weight = Objects.requireNonNull(weights.get(module));
                    format.pack(weight.stored, parts, weight.settings, kernels, (suffix, bytes) -> {
                        writer.write(weight.module() + "." + suffix, bytes);
                    });
                }

                @Override
                public void changed(String parameter, Tensor value) {
                    TensorInfo before =
                            model.parameter(parameter).flatMap(names::tensor).orElseGet(() -> source.tensor(parameter));
                    asTheyAre.remove(before.name());
                    try (Tensor converted =
                            kernels.call("convert", value, TorchEngine.scalarType(before.type(), parameter))) {
                        writer.write(before.name(), kernels.bytes(converted));
                    }
                }
            });
            asTheyAre.forEach(name -> copy(source.tensor(name), writer));
            writer.commit();
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
