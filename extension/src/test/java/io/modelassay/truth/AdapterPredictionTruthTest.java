package io.modelassay.truth;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.adapter.BaseModules;
import io.modelassay.architecture.Architectures;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.compatibility.AdapterPredictor;
import io.modelassay.compatibility.Effect;
import io.modelassay.compatibility.LibraryVersion;
import io.modelassay.compatibility.Prediction;
import io.modelassay.fixtures.Fixtures;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is predicted of edited adapters in twenty stacks, against what those versions of PEFT did with the same files. */
class AdapterPredictionTruthTest {
    private static final JsonNode TRUTH = Truths.json("adapters.json");
    private static final Map<String, String> OUTCOMES =
            Map.of("CLEAN", "CLEAN", "WARN", "WARN", "ERROR", "ERROR", "SILENT", "NO-EFFECT");
    private static final Map<Effect, String> EFFECTS = Map.of(
            Effect.NONE, "none",
            Effect.PARTIAL, "other",
            Effect.FULL, "full",
            Effect.NOT_FINITE, "not finite");

    private static Stream<JsonNode> cases() {
        return StreamSupport.stream(TRUTH.get("cases").spliterator(), false);
    }

    static Stream<Arguments> named() {
        return cases().map(one -> Arguments.of(one.get("name").textValue(), one));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("named")
    void equalsPeft(String name, JsonNode adapterCase, @TempDir Path folder) {
        assertThat(differences(adapterCase, folder)).isEmpty();
    }

    /** Runs by what is wrong with their prediction. */
    private static List<String> differences(JsonNode adapterCase, Path folder) {
        Path edited = EditedAdapter.of(TRUTH, adapterCase, folder);
        AdapterPredictor predictor =
                AdapterPredictor.of(edited, base(adapterCase.get("base").textValue()));
        Map<String, List<String>> runs = new TreeMap<>();
        for (JsonNode truth : adapterCase.get("truth")) {
            for (String run : runs(truth.get("runs"))) {
                JsonNode stack = TRUTH.get("runs").get(run);
                Prediction prediction = predictor
                        .with(LibraryVersion.of(stack.get("transformers").textValue()))
                        .predict(LibraryVersion.of(stack.get("peft").textValue()));
                String predicted = described(prediction);
                String found = described(truth);
                if (!predicted.equals(found)) {
                    runs.computeIfAbsent("predicted " + predicted + "\n found " + found, key -> new ArrayList<>())
                            .add(run);
                }
            }
        }
        return runs.entrySet().stream()
                .map(entry -> entry.getValue() + " " + entry.getKey())
                .toList();
    }

    private static String described(Prediction prediction) {
        return OUTCOMES.get(prediction.outcome().name())
                + " " + prediction.exception()
                + " " + prediction.effect().map(EFFECTS::get).orElse("")
                + " missing " + new TreeSet<>(prediction.missing())
                + " unexpected " + new TreeSet<>(prediction.unexpected());
    }

    private static String described(JsonNode truth) {
        return truth.get("outcome").textValue()
                + " " + truth.path("raised").asText().replaceFirst(":.*", "")
                + " " + truth.path("effect").asText()
                + " missing " + names(truth.path("missing"))
                + " unexpected " + names(truth.path("unexpected"));
    }

    private static Set<String> names(JsonNode listed) {
        JsonNode list = listed.isTextual() ? TRUTH.get("sets").get(listed.textValue()) : listed;
        Set<String> names = new TreeSet<>();
        list.forEach(name -> names.add(name.textValue()));
        return names;
    }

    /** "a .. b" is a, b and every run between them. */
    private static List<String> runs(JsonNode listed) {
        List<String> all = new ArrayList<>();
        TRUTH.get("runs").fieldNames().forEachRemaining(all::add);
        List<String> runs = new ArrayList<>();
        for (JsonNode range : listed) {
            String[] ends = range.textValue().split(" \\.\\. ");
            runs.addAll(all.subList(all.indexOf(ends[0]), all.indexOf(ends[ends.length - 1]) + 1));
        }
        return runs;
    }

    private static BaseModules base(String name) {
        JsonNode made = TRUTH.get("made").get(name);
        if (made == null) {
            boolean quantized = name.startsWith("bnb-") || name.startsWith("gpt-oss");
            try (Checkpoint checkpoint = Checkpoint.open(Fixtures.path(quantized ? "quantized/" + name : name))) {
                return BaseModules.of(checkpoint);
            }
        }
        ObjectNode config = made.get("config").deepCopy();
        config.put("model_type", name.contains("qwen2-vl") ? "qwen2_vl" : "llama");
        return BaseModules.of(Architectures.require(ModelConfig.parse("config.json", config.toString())));
    }
}
