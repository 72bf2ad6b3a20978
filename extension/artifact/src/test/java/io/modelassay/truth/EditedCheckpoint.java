package io.modelassay.truth;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.StreamSupport;

/** Carries out the edits of {@code truths/load-reports.json}, which documents them, on copies of the fixtures. */
public final class EditedCheckpoint {
    private EditedCheckpoint() {}

    /** The edited copy of {@code reportCase}'s base, in {@code parent}. */
    public static Path of(JsonNode reportCase, Path parent) {
        String base = reportCase.has("variant")
                ? "quantized/" + reportCase.get("variant").textValue()
                : reportCase.get("base").textValue();
        Corruptor copy =
                Corruptor.of(Fixtures.path(base)).named(reportCase.get("name").textValue());
        for (JsonNode edit : reportCase.get("edits")) {
            copy = apply(edit, copy);
        }
        return copy.into(parent);
    }

    private static Corruptor apply(JsonNode edit, Corruptor copy) {
        String tensor = edit.path("tensor").asText();
        return switch (edit.get("op").textValue()) {
            case "drop" -> copy.dropTensors(tensor);
            case "rename" ->
                copy.renameTensors(
                        edit.get("from").textValue(), edit.get("to").textValue().replace("\\", "$"));
            case "add" -> {
                Corruptor added = copy.addTensor(tensor, edit.get("dtype").textValue(), shape(edit));
                yield edit.get("fill").intValue() == 0 ? added : added.fill(tensor, 1);
            }
            case "resize" -> copy.resizeTensors(tensor, shape(edit));
            case "cast" -> copy.retypeTensors(tensor, edit.get("dtype").textValue());
            case "copy" ->
                copy.copyTensor(edit.get("from").textValue(), edit.get("to").textValue());
            case "config" -> copy.editConfig(config -> editConfig(edit, config));
            case "metadata" -> copy.setMetadata(texts(edit.get("set")));
            case "index" -> copy.editJson("model.safetensors.index.json", index -> editIndex(edit, index));
            case "shard" -> {
                Corruptor shorter = copy;
                for (JsonNode name : edit.get("drop")) {
                    shorter = shorter.removeTensorFromFile(name.textValue());
                }
                yield shorter;
            }
            case "file" -> copy.deleteFile(edit.get("delete").textValue());
            default -> throw new IllegalArgumentException("unknown edit " + edit);
        };
    }

    private static long[] shape(JsonNode edit) {
        return StreamSupport.stream(edit.get("shape").spliterator(), false)
                .mapToLong(JsonNode::longValue)
                .toArray();
    }

    private static Map<String, String> texts(JsonNode object) {
        Map<String, String> texts = new TreeMap<>();
        object.properties()
                .forEach(entry -> texts.put(entry.getKey(), entry.getValue().textValue()));
        return texts;
    }

    private static void editConfig(JsonNode edit, ObjectNode config) {
        edit.get("set").properties().forEach(entry -> {
            String[] path = entry.getKey().split("\\.", -1);
            ObjectNode at = config;
            for (int i = 0; i < path.length - 1; i++) {
                at = (ObjectNode) at.get(path[i]);
            }
            at.set(path[path.length - 1], entry.getValue());
        });
        edit.get("remove").forEach(key -> config.remove(key.textValue()));
    }

    private static void editIndex(JsonNode edit, ObjectNode index) {
        ObjectNode map = (ObjectNode) index.get("weight_map");
        edit.get("remove").forEach(name -> map.remove(name.textValue()));
        edit.get("add").properties().forEach(entry -> map.set(entry.getKey(), entry.getValue()));
    }
}
