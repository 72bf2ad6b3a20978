package io.modelassay.quantizer;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.SafetensorsWriter;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.checkpoint.WholeFile;
import io.modelassay.conversion.OutputFolder;
import io.modelassay.failure.GeneralProblem;
import io.modelassay.failure.InvalidRequestException;
import io.modelassay.failure.ModelAssayException;
import io.modelassay.failure.Problem;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Progress;
import io.modelassay.runtime.Tensor;
import io.modelassay.runtime.TorchEngine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The layers that are done, one file each, written when a layer is: what a killed run goes on from. A hidden folder beside
 * the output, which is removed with the run's end.
 */
final class QuantizationJournal {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String RUN = "run.txt";

    private final Path folder;
    private final Kernels conversions;

    private QuantizationJournal(Path folder, Kernels conversions) {
        this.folder = folder;
        this.conversions = conversions;
    }

    /**
     * The journal of the run that writes {@code out}.
     *
     * @param key names everything that the run's result depends on
     * @param resume whether to go on from what an earlier run of the same key has left
     * @throws IllegalArgumentException if there is a journal of another key, or of this one without {@code resume}
     */
    static QuantizationJournal open(Path out, String key, boolean resume, TorchEngine engine) {
        Path target = out.toAbsolutePath().normalize();
        Path folder = target.resolveSibling("." + target.getFileName() + ".quantizing");
        Path run = folder.resolve(RUN);
        try {
            if (Files.exists(run)) {
                String found = Files.readString(run, StandardCharsets.UTF_8);
                if (!found.equals(key)) {
                    throw new InvalidRequestException(
                            "The unfinished run in " + folder
                                    + " is of other weights, settings or calibration\n  found:  " + found
                                    + "\n  wanted: "
                                    + key,
                            "remove that folder, or another output");
                }
                if (!resume) {
                    throw new InvalidRequestException(
                            "There is an unfinished run of the same quantization in " + folder,
                            "resume it, or remove that folder");
                }
            } else {
                Files.createDirectories(folder);
                WholeFile.write(run, key);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("The folder " + folder + " cannot be used: " + e.getMessage(), e);
        }
        return new QuantizationJournal(folder, Kernels.conversions(engine));
    }

    private Path file(int layer) {
        return folder.resolve("layer-" + (100_000 + layer) + ".safetensors");
    }

    boolean has(int layer) {
        return Files.exists(file(layer));
    }

    /** Writes a layer's result; its tensors, which come last, appear whole or not at all. */
    void write(int layer, LayerResult result) {
        SafetensorsWriter.Builder builder = SafetensorsWriter.to(file(layer));
        try {
            JSON.writeValue(reports(layer).toFile(), result.reports());
        } catch (IOException e) {
            throw new UncheckedIOException("The folder " + folder + " cannot be written: " + e.getMessage(), e);
        }
        result.tensors().forEach((name, tensor) -> builder.tensor(name, type(name), tensor.shape()));
        try (SafetensorsWriter writer = builder.open()) {
            result.tensors().forEach((name, tensor) -> writer.write(name, conversions.bytes(tensor)));
            writer.commit();
        }
    }

    private static TensorType type(String name) {
        return switch (name.substring(name.lastIndexOf('.') + 1)) {
            case "codes", "zeros" -> TensorType.U8;
            case "scales" -> TensorType.F16;
            case "g_idx" -> TensorType.I32;
            default -> TensorType.F32;
        };
    }

    /** A finished layer's tensors; the caller closes them. */
    Checkpoint read(int layer) {
        return Checkpoint.open(file(layer));
    }

    /** The tensors of {@code module} in a finished layer, under their names within it; the caller closes them. */
    Map<String, Tensor> parts(Checkpoint layer, String module) {
        Map<String, Tensor> parts = new HashMap<>();
        String prefix = module + ".";
        for (TensorInfo tensor : layer.tensors().values()) {
            String name = tensor.name();
            if (name.startsWith(prefix)
                    && name.indexOf('.', prefix.length()) < 0
                    && !name.endsWith(".weight")
                    && !name.endsWith(".bias")) {
                parts.put(
                        name.substring(prefix.length()),
                        conversions.stored(name, tensor.type(), tensor.shape(), layer.map(tensor)));
            }
        }
        return parts;
    }

    /** The results of the first {@code layers} layers. */
    QuantizedParts finished(int layers, Progress progress) {
        return receiver -> {
            for (int layer = 0; layer < layers; layer++) {
                try (Checkpoint done = read(layer)) {
                    give(done, receiver);
                }
                progress.step("writing layers", layer + 1, layers);
            }
        };
    }

    private void give(Checkpoint done, QuantizedParts.Receiver receiver) {
        for (TensorInfo tensor : done.tensors().values()) {
            int dot = tensor.name().lastIndexOf('.');
            String part = tensor.name().substring(dot + 1);
            if (part.equals("codes")) {
                String module = tensor.name().substring(0, dot);
                Map<String, Tensor> parts = parts(done, module);
                try {
                    receiver.module(module, parts);
                } finally {
                    parts.values().forEach(Tensor::close);
                }
            } else if (part.equals("weight") || part.equals("bias")) {
                try (Tensor value =
                        conversions.stored(tensor.name(), tensor.type(), tensor.shape(), done.map(tensor))) {
                    receiver.changed(tensor.name(), value);
                }
            }
        }
    }

    /** What was reported of the modules of the first {@code layers} layers. */
    List<ModuleReport> allReports(int layers) {
        List<ModuleReport> all = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            try {
                all.addAll(JSON.readValue(reports(layer).toFile(), new TypeReference<List<ModuleReport>>() {}));
            } catch (IOException e) {
                throw new ModelAssayException(
                        new Problem(
                                GeneralProblem.INPUT_OUTPUT,
                                "The unfinished run has a damaged file " + reports(layer),
                                "remove that folder"),
                        e);
            }
        }
        return all;
    }

    private Path reports(int layer) {
        return folder.resolve("layer-" + (100_000 + layer) + ".json");
    }

    void remove() {
        OutputFolder.remove(folder);
    }
}
