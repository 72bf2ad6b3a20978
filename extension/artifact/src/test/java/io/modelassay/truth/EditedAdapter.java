package io.modelassay.truth;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.StateDictFile;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.StreamSupport;

/** A copy of a fixture adapter with the edits of a case of {@code truths/adapters.json}. */
final class EditedAdapter {
    private static final String CONFIG = "adapter_config.json";
    private static final String WEIGHTS = "adapter_model.safetensors";

    private final JsonNode adapterCase;
    private final Set<String> plainKeys = new HashSet<>();
    private Path folder;

    private EditedAdapter(JsonNode truth, JsonNode adapterCase, Path folder) {
        this.adapterCase = adapterCase;
        this.folder = folder;
        truth.at("/edits/plain_keys").forEach(key -> plainKeys.add(key.textValue()));
    }

    /** Makes the copy in {@code parent}. */
    static Path of(JsonNode truth, JsonNode adapterCase, Path parent) {
        Path source = Fixtures.path("adapters/" + adapterCase.get("adapter").textValue());
        Path original = Corruptor.of(source).named("edit-0").into(parent);
        EditedAdapter edited = new EditedAdapter(truth, adapterCase, original);
        int step = 0;
        edited.delete("logits.safetensors"); // stands beside the fixture, and is no part of it
        for (JsonNode edit : adapterCase.get("edits")) {
            edited.step(edit, "edit-" + ++step, parent);
        }
        return edited.folder;
    }

    /** One edit at a time, since a pattern matches what the edits before have left. */
    private void step(JsonNode edit, String name, Path parent) {
        Corruptor copy = Corruptor.of(folder).named(name);
        List<JsonNode> late = new ArrayList<>();
        String tensor = edit.path("tensor").asText();
        Corruptor changed = switch (edit.get("op").textValue()) {
            case "plain" -> copy.editJson(CONFIG, config -> keepPlain(edit, config));
            case "config" ->
                copy.editJson(CONFIG, config -> {
                    edit.get("remove").forEach(key -> config.remove(key.textValue()));
                    edit.get("set").properties().forEach(entry -> config.set(entry.getKey(), entry.getValue()));
                });
            case "drop" -> copy.dropTensors(tensor);
            case "rename" ->
                copy.renameTensors(
                        edit.get("from").textValue(), edit.get("to").textValue().replace("\\", "$"));
            case "add" -> {
                Corruptor added = copy.addTensor(tensor, edit.get("dtype").textValue(), shape(edit));
                yield edit.get("fill").intValue() == 0 ? added : added.fill(tensor, 1);
            }
            case "resize" -> copy.resizeTensors(tensor, shape(edit));
            case "fill" -> fill(copy, tensor, edit.get("value"));
            case "copy" ->
                copy.copyTensor(edit.get("from").textValue(), edit.get("to").textValue());
            case "base_tensors" -> baseTensors(copy, edit.get("prefix").textValue());
            case "file" -> {
                late.add(edit);
                yield copy;
            }
            default -> throw new IllegalArgumentException("unknown edit " + edit);
        };
        folder = changed.into(parent);
        late.forEach(this::editFiles);
    }

    private void keepPlain(JsonNode edit, ObjectNode config) {
        Set<String> keep = new HashSet<>(plainKeys);
        edit.get("keep").forEach(key -> keep.add(key.textValue()));
        List<String> names = new ArrayList<>();
        config.fieldNames().forEachRemaining(names::add);
        names.stream().filter(name -> !keep.contains(name)).forEach(config::remove);
    }

    private Corruptor fill(Corruptor copy, String regex, JsonNode value) {
        double number = value.isTextual()
                ? value.textValue().equals("nan") ? Double.NaN : Double.POSITIVE_INFINITY
                : value.doubleValue();
        Corruptor filled = copy;
        try (Checkpoint checkpoint = Checkpoint.open(folder.resolve(WEIGHTS))) {
            for (String name : checkpoint.tensors().keySet()) {
                if (name.matches(regex)) {
                    filled = filled.fill(name, number);
                }
            }
        }
        return filled;
    }

    /** Zeros in the shapes of the base's tensors: their values decide nothing that is compared. */
    private Corruptor baseTensors(Corruptor copy, String prefix) {
        Corruptor filled = copy;
        try (Checkpoint base =
                Checkpoint.open(Fixtures.path(adapterCase.get("base").textValue()))) {
            for (TensorInfo tensor : base.tensors().values()) {
                filled = filled.addTensor(
                        prefix + tensor.name(),
                        "F32",
                        tensor.shape().dimensions().stream().mapToLong(n -> n).toArray());
            }
        }
        return filled;
    }

    private void editFiles(JsonNode edit) {
        try {
            if (edit.has("delete")) {
                Files.delete(folder.resolve(edit.get("delete").textValue()));
            } else if (edit.has("bin")) {
                StateDictFile.write(
                        folder.resolve(WEIGHTS), folder.resolve(edit.get("bin").textValue()));
                Files.delete(folder.resolve(WEIGHTS));
            } else if (edit.has("empty")) {
                Files.write(folder.resolve(edit.get("empty").textValue()), new byte[0]);
            } else {
                boolean move = edit.has("move");
                Path from = folder.resolve(edit.get(move ? "move" : "copy").textValue());
                Path to = folder.resolve(edit.get("to").textValue());
                Files.createDirectories(to.getParent());
                Files.copy(from, to);
                if (move) {
                    Files.delete(from);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void delete(String name) {
        try {
            Files.deleteIfExists(folder.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long[] shape(JsonNode edit) {
        return StreamSupport.stream(edit.get("shape").spliterator(), false)
                .mapToLong(JsonNode::longValue)
                .toArray();
    }
}
