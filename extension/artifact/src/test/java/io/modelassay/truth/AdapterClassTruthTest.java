package io.modelassay.truth;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.SafetensorsWriter;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.compatibility.AdapterPredictor;
import io.modelassay.compatibility.Effect;
import io.modelassay.compatibility.Library;
import io.modelassay.compatibility.LibraryVersion;
import io.modelassay.compatibility.Outcome;
import io.modelassay.compatibility.Prediction;
import io.modelassay.inspection.AdapterInspection;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Adapters for classes other than a plain decoder, in nine stacks: heads of tasks, models without a head, ends that are
 * tied, stacked experts. What is predicted, and what an inspection says, against what those versions of PEFT did.
 */
class AdapterClassTruthTest {
    private static final JsonNode TRUTH = Truths.json("adapter-classes.json");
    private static final String NEWEST = "0.21.2 on 5.24.0";

    /** What the files leave open, with the reason. */
    private static final Map<String, String> OPEN = Map.of(
            "llama-features-of-decoder",
            "the truth loads a model without head; one with its head has these very names");

    private static final String CONVERTED = "by-expert";

    @TempDir
    Path folder;

    static Stream<Arguments> cases() {
        return StreamSupport.stream(TRUTH.get("cases").spliterator(), false)
                .map(one -> Arguments.of(one.get("name").textValue(), one));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void equalsPeftAndInspectionAgrees(String name, JsonNode one) throws IOException {
        Path base = write(
                "base",
                "model.safetensors",
                TRUTH.get("bases").get(one.get("base").textValue()),
                List.of());
        List<String> zero = new ArrayList<>();
        one.get("zero").forEach(part -> zero.add(part.textValue()));
        Path adapter = write("adapter", "adapter_model.safetensors", one, zero);
        List<String> differences = new ArrayList<>();
        try (Checkpoint checkpoint = Checkpoint.open(base);
                PeftAdapter opened = PeftAdapter.open(adapter)) {
            AdapterPredictor predictor = AdapterPredictor.of(adapter, checkpoint);
            for (JsonNode found : one.get("found")) {
                if (found.has("base")) {
                    continue; // the base itself did not load
                }
                for (JsonNode run : found.get("runs")) {
                    String[] stack = run.textValue().split(" on ");
                    Prediction prediction = predictor
                            .with(Library.TRANSFORMERS, LibraryVersion.of(stack[1]))
                            .predict(LibraryVersion.of(stack[0]));
                    if (prediction.outcome() == Outcome.NOT_COVERED) {
                        assertThat(name).as("not covered").contains(CONVERTED);
                        continue;
                    }
                    String difference =
                            difference(prediction, found, one.get("edited").booleanValue());
                    if (!difference.isEmpty()) {
                        differences.add(run.textValue() + ": " + difference);
                    }
                }
            }
            AdapterInspection inspection = AdapterInspection.of(opened, checkpoint);
            assertThat(inspection.verdict()).isEqualTo(predictor.newest());
            boolean elsewhere = inspection.findings().stream()
                    .anyMatch(finding -> finding.id().equals("adapter-for-transformers-4"));
            boolean covered = inspection.verdict().outcome() != Outcome.NOT_COVERED;
            assertThat(inspection.holds())
                    .as("inspection %s, verdict %s", inspection.findings(), inspection.verdict())
                    .isEqualTo(inspection.verdict().works() || elsewhere || !covered);
            JsonNode newest = outcome(one, NEWEST);
            if (!one.get("edited").booleanValue()
                    && newest.path("outcome").asText().equals("loads")
                    && newest.path("warnings").isEmpty()) {
                assertThat(inspection.findings()).noneMatch(finding -> finding.severity() != Finding.Severity.INFO);
            }
        }
        if (OPEN.containsKey(name)) {
            assertThat(differences).as(OPEN.get(name)).isNotEmpty();
        } else {
            assertThat(differences).isEmpty();
        }
    }

    private static JsonNode outcome(JsonNode one, String run) {
        return StreamSupport.stream(one.get("found").spliterator(), false)
                .filter(found -> StreamSupport.stream(found.get("runs").spliterator(), false)
                        .anyMatch(listed -> listed.textValue().equals(run)))
                .findFirst()
                .orElseThrow();
    }

    /** Exception and first words, first words of warnings, whether there is an effect, and full effect where nothing was edited. */
    private static String difference(Prediction prediction, JsonNode found, boolean edited) {
        String raised = beginning(found.path("raised").asText());
        String predicted =
                prediction.exception().isEmpty() ? "" : beginning(prediction.exception() + ": " + prediction.message());
        if (!raised.equals(predicted)) {
            return "predicted " + prediction.summary() + ", found " + found;
        }
        if (!raised.isEmpty()) {
            return "";
        }
        Set<String> warnings = new TreeSet<>();
        found.get("warnings").forEach(warning -> warnings.add(beginning(warning.textValue())));
        Set<String> said = new TreeSet<>();
        prediction.warnings().forEach(warning -> said.add(beginning(warning)));
        boolean none = prediction.effect().filter(Effect.NONE::equals).isPresent();
        boolean moved = found.get("moved").booleanValue();
        return warnings.equals(said) && none == !moved && (edited || moved)
                ? ""
                : "predicted " + prediction.effect() + " " + said + ", found moved " + moved + " " + warnings;
    }

    /** Up to where names, sets and shapes begin, which Python orders as it likes. */
    private static String beginning(String said) {
        String start = said.replaceFirst("(?s)(?<=.{20})[\\[{'].*|\\s+size mismatch .*", "");
        return start.substring(0, Math.min(100, start.length()));
    }

    private Path write(String name, String file, JsonNode content, List<String> zero) throws IOException {
        Path target = Files.createDirectories(folder.resolve(name));
        String config = file.startsWith("model") ? "config.json" : "adapter_config.json";
        Files.writeString(target.resolve(config), content.get("config").toString());
        SafetensorsWriter.Builder builder = SafetensorsWriter.to(target.resolve(file));
        for (Map.Entry<String, JsonNode> tensor : content.get("tensors").properties()) {
            long[] shape = StreamSupport.stream(tensor.getValue().spliterator(), false)
                    .mapToLong(JsonNode::longValue)
                    .toArray();
            builder.tensor(tensor.getKey(), TensorType.F32, Shape.of(shape));
        }
        try (SafetensorsWriter writer = builder.open()) {
            writer.tensors().forEach(tensor -> {
                boolean zeros = zero.stream().anyMatch(tensor.name()::contains);
                ByteBuffer bytes =
                        ByteBuffer.allocate((int) tensor.byteLength()).order(ByteOrder.LITTLE_ENDIAN);
                while (bytes.hasRemaining()) {
                    bytes.putFloat(zeros ? 0 : 0.5f);
                }
                writer.write(tensor.name(), bytes.flip());
            });
            writer.commit();
        }
        return target;
    }
}
