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
import io.modelassay.compatibility.Library;
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
import org.junit.jupiter.api.Test;
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

    private static final String NO_GPU =
            "DoRA on bitsandbytes in PEFT 0.11 to 0.14 asks for a GPU, which the truth's machine" + " did not have";
    private static final String MORE_STORED =
            "effect: tensors that the unedited adapter has no use for are stored and" + " dropped";
    private static final String OVERWRITTEN =
            "effect: the base's weights are overwritten by those that the unedited adapter" + " stores, too";
    private static final String EDITED = "effect: the edit changes what the files say, and PEFT does what they say";

    /** Cases that are not equal in every run, with the reason; any of them that begins to be fails. */
    private static final Map<String, String> NOT_EQUAL = Map.ofEntries(
            Map.entry("healthy-dora-nf4", NO_GPU),
            Map.entry("plain-dora-nf4", NO_GPU),
            Map.entry("base-nf4-dora-without-magnitudes", NO_GPU),
            Map.entry("extra-module", MORE_STORED),
            Map.entry("extra-layer", MORE_STORED),
            Map.entry("extra-base-layer-weight", MORE_STORED),
            Map.entry("extra-bias-of-bias-less", MORE_STORED),
            Map.entry("base-fewer-layers", MORE_STORED),
            Map.entry("targets-null-mistral", MORE_STORED),
            Map.entry("targets-null-qwen3", MORE_STORED),
            Map.entry("bias-none-but-stored", OVERWRITTEN),
            Map.entry("modules-to-save-forgotten", OVERWRITTEN),
            Map.entry("lora-b-zero-in-one-layer", EDITED),
            Map.entry("rslora-forgotten", EDITED),
            Map.entry("pissa-as-true", EDITED),
            Map.entry("vera-other-key", EDITED));

    private static Stream<JsonNode> cases() {
        return StreamSupport.stream(TRUTH.get("cases").spliterator(), false);
    }

    static Stream<Arguments> named() {
        return cases().map(one -> Arguments.of(one.get("name").textValue(), one));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("named")
    void equalsPeft(String name, JsonNode adapterCase, @TempDir Path folder) {
        List<String> differences = differences(adapterCase, folder);
        if (NOT_EQUAL.containsKey(name)) {
            assertThat(differences).as(NOT_EQUAL.get(name)).isNotEmpty();
        } else {
            assertThat(differences).isEmpty();
        }
    }

    /** These differ in nothing but the effect: whether that is what the files say, or what the unedited adapter has. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("namedForEffect")
    void onlyTheMeasureOfTheEffectDiffers(String name, JsonNode adapterCase, @TempDir Path folder) {
        assertThat(differences(adapterCase, folder))
                .isNotEmpty()
                .allSatisfy(difference -> assertThat(
                                withoutEffect(difference.substring(difference.indexOf("predicted ") + 10)
                                        .split("\n found ", -1)[0]))
                        .isEqualTo(withoutEffect(difference.split("\n found ", -1)[1])));
    }

    private static String withoutEffect(String described) {
        return described.replaceFirst(" (full|other) missing ", " missing ");
    }

    static Stream<Arguments> namedForEffect() {
        return named().filter(
                        one -> NOT_EQUAL.getOrDefault((String) one.get()[0], "").startsWith("effect: "));
    }

    @Test
    void theRestAreEqualInAllRuns() {
        Set<String> names = new TreeSet<>();
        cases().forEach(one -> names.add(one.get("name").textValue()));
        assertThat(names).hasSizeGreaterThanOrEqualTo(185).containsAll(NOT_EQUAL.keySet());
        assertThat(TRUTH.get("runs")).hasSizeGreaterThanOrEqualTo(20);
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
                        .with(
                                Library.TRANSFORMERS,
                                LibraryVersion.of(stack.get("transformers").textValue()))
                        .predict(LibraryVersion.of(stack.get("peft").textValue()));
                String predicted = described(prediction);
                String found = described(withTies(truth, adapterCase, run));
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

    /** The truth counts no warning that the unedited adapter gives as well; of these, that the ends are tied is predicted. */
    private static JsonNode withTies(JsonNode truth, JsonNode adapterCase, String run) {
        String adapter = adapterCase.get("adapter").textValue();
        boolean tied = StreamSupport.stream(
                        TRUTH.get("usual_warnings").path(adapter).spliterator(), false)
                .filter(usual -> runs(usual.get("runs")).contains(run))
                .flatMap(usual -> StreamSupport.stream(usual.get("warnings").spliterator(), false))
                .anyMatch(warning -> warning.textValue().contains("`tie_word_embeddings=True`"));
        boolean named = !adapterCase.get("edits").toString().contains("\"modules_to_save\":null");
        boolean loads = named && !truth.get("outcome").textValue().equals("ERROR");
        return tied && loads ? ((ObjectNode) truth.deepCopy()).put("outcome", "WARN") : truth;
    }

    private static String described(Prediction prediction) {
        return OUTCOMES.get(prediction.outcome().name())
                + " " + beginning(prediction.exception() + ": " + prediction.message(), prediction.exception())
                + " " + prediction.effect().map(EFFECTS::get).orElse("")
                + " missing " + new TreeSet<>(prediction.missing())
                + " unexpected " + new TreeSet<>(prediction.unexpected());
    }

    private static String described(JsonNode truth) {
        return truth.get("outcome").textValue()
                + " "
                + beginning(truth.path("raised").asText(), truth.path("raised").asText())
                + " " + truth.path("effect").asText()
                + " missing " + names(truth.path("missing"))
                + " unexpected " + names(truth.path("unexpected"));
    }

    /** The exception and its message up to where sets, paths and names of parameters begin. */
    private static String beginning(String raised, String exception) {
        if (exception.equals("error") || exception.startsWith("error: ")) {
            return "error"; // of Python's re, whose words are its own
        }
        return exception.isEmpty() ? "" : raised.replaceFirst("(?s)(?<=.)[\\[{'\"`/].*| size mismatch .*|: $", "");
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
