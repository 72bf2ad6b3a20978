package io.modelassay.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.CheckpointException;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.runtime.Activations;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.LanguageModel;
import io.modelassay.runtime.Progress;
import io.modelassay.runtime.ResidentWeights;
import io.modelassay.runtime.RuntimeFailure;
import io.modelassay.runtime.StoredWeights;
import io.modelassay.runtime.TorchEngine;
import io.modelassay.runtime.Weights;
import io.modelassay.truth.EachModel;
import io.modelassay.truth.Truths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every edit of a config that was put before the real transformers: what it computes is computed alike, what it refuses is
 * refused.
 */
class ConfigValuesTruthTest {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS)
            .build();

    /** Edits that transformers computes with, or takes for no edit, and that are refused here as out of range. */
    private static final List<String> REFUSED_HERE = List.of(
            "{\"is_causal\":null}",
            "{\"rms_norm_eps\":\"Infinity\"}",
            "{\"head_dim\":0}",
            "{\"max_position_embeddings\":0}",
            "{\"max_position_embeddings\":-1}",
            "{\"rope_theta\":\"Infinity\"}",
            "{\"rope_scaling\":{\"rope_type\":\"linear\",\"factor\":-4.0}}",
            "{\"rope_scaling\":{\"rope_type\":\"linear\",\"factor\":\"Infinity\"}}",
            "{\"rope_scaling\":{\"rope_type\":\"dynamic\",\"factor\":0},",
            "{\"rope_scaling\":{\"rope_type\":\"yarn\",\"factor\":-4.0,",
            "{\"rope_scaling\":{\"rope_type\":\"llama3\",\"factor\":-8.0,",
            "{\"rope_scaling\":{\"rope_type\":\"longrope\",");

    @TempDir
    Path parent;

    @EachModel
    void everyEditComputesAsInTransformersOrIsRefused(String name) throws IOException {
        JsonNode truth = JSON.readTree(Fixtures.truths("config-values.json").toFile());
        JsonNode cases = truth.path("cases").path(name);
        int[] tokens =
                Arrays.copyOf(Truths.firstTokens(name), truth.path("tokens").intValue());
        Path folder = Corruptor.of(Fixtures.path(name)).into(parent);
        JsonNode unedited = cases.get(0).path("logits");
        ObjectNode config = (ObjectNode) JSON.readTree(Files.readString(folder.resolve("config.json")));
        List<String> wrong = new ArrayList<>();
        int computed = 0;
        Set<String> same = new HashSet<>();
        TorchEngine engine = TorchEngine.on(Device.CPU);
        try (Checkpoint checkpoint = Checkpoint.open(Fixtures.path(name));
                Weights weights = new ResidentWeights(
                        new StoredWeights(checkpoint, Architectures.require(checkpoint), Kernels.conversions(engine)),
                        engine)) {
            for (JsonNode edit : cases) {
                ObjectNode edited = config.deepCopy().setAll((ObjectNode) edit.path("edits"));
                Files.writeString(folder.resolve("config.json"), JSON.writeValueAsString(edited));
                JsonNode expected = edit.has("like") ? unedited : edit.path("logits");
                String settings = settings(folder, tokens.length);
                if ((!expected.isMissingNode() && !same.add(settings + expected))
                        || (edit.has("raises") && settings.isEmpty())) {
                    continue;
                }
                String verdict = expected.isMissingNode()
                        ? refused(folder, tokens, edit)
                        : settings.isEmpty()
                                ? refusedHere(edit.path("edits").toString())
                                : differing(logits(folder, edited, checkpoint, weights, tokens), expected, truth);
                if (!verdict.isEmpty()) {
                    wrong.add(edit.path("edits") + ": " + verdict + " (" + name + ", transformers: "
                            + edit.path("raises").asText(expected.isMissingNode() ? "no figure" : "logits") + ")");
                } else if (!expected.isMissingNode()) {
                    computed++;
                }
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(computed).as("edits with logits").isGreaterThan(40);
    }

    /** All that the forward pass depends on but for the weights; empty where the config is refused. */
    private static String settings(Path folder, int positions) {
        try {
            ModelPlan plan = Architectures.require(ModelConfig.read(folder.resolve("config.json")));
            RotaryEmbedding.Table table = plan.decoder().rotary().table(positions);
            return plan.parameters()
                    + plan.decoder().toString().replaceAll("rotary=[^,]*, maxPositions=\\d*", "")
                    + Arrays.toString(table.inverseFrequencies())
                    + table.scaling();
        } catch (CheckpointException | UnsupportedArchitectureException e) {
            return "";
        }
    }

    /** Through the whole product where the file decides too, else over weights that are read once. */
    private static float[][] logits(
            Path folder, ObjectNode edited, Checkpoint checkpoint, Weights weights, int[] tokens) {
        if (edited.path("tie_word_embeddings").asBoolean()) {
            try (ModelUnderTest model = open(folder)) {
                return model.logits(tokens);
            }
        }
        ModelPlan plan = Architectures.require(ModelConfig.read(folder.resolve("config.json")));
        LanguageModel model = new LanguageModel(
                TorchEngine.on(Device.CPU), plan, weights, DType.FP32, checkpoint.contentHash(), "edited");
        try (Activations last = model.decoder().run(List.of(tokens), (layer, output) -> {}, Progress.SILENT)) {
            return model.head().logits(last);
        }
    }

    private static String refusedHere(String edits) {
        return REFUSED_HERE.stream().anyMatch(edits::startsWith) ? "" : "refused";
    }

    private static String differing(float[][] logits, JsonNode expected, JsonNode truth) {
        double largest = 0;
        for (int row = 0; row < truth.path("rows").size(); row++) {
            for (int column = 0; column < truth.path("columns").size(); column++) {
                double difference = Math.abs(expected.get(row).get(column).doubleValue()
                        - logits[truth.path("rows").get(row).intValue()][
                                truth.path("columns").get(column).intValue()]);
                largest = difference >= 0 ? Math.max(largest, difference) : Double.POSITIVE_INFINITY;
            }
        }
        return largest < 1e-3 ? "" : "logits differ by " + largest;
    }

    /** Where transformers has no figure, there is a typed refusal, or the load report tells of what is amiss. */
    private static String refused(Path folder, int[] tokens, JsonNode edit) {
        try (ModelUnderTest model = open(folder)) {
            if (edit.has("not_loaded") && !model.loadReport().isClean()) {
                return "";
            }
            model.logits(tokens);
            return "is computed";
        } catch (CheckpointException | UnsupportedArchitectureException | RuntimeFailure e) {
            return e.getMessage().startsWith("Kernel ") ? "fails in a kernel" : "";
        }
    }

    private static ModelUnderTest open(Path folder) {
        return ModelAssay.open(folder).on(Device.CPU).computingIn(DType.FP32).load();
    }
}
