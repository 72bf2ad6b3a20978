package io.modelassay.baseline;

import java.util.Collections;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * What a model is: the content of a baseline's file, and what a test finds. docs/reference.md describes the members.
 *
 * @param schema version of this form
 * @param id name of the baseline and of its file
 * @param model name of the model, its quantization included; told, not compared
 * @param conditions under which the figures were measured; others are not compared
 * @param facts what is equal or not, by name
 * @param figures what is equal within a tolerance, by name; at most {@value Measurement#DIGITS} significant digits
 * @param tolerances by a figure's name, or by its part before the slash
 * @param tensors SHA-256 of each stored tensor by name, where every bit counts
 * @param recorded where the figures come from; told, not compared
 */
@API(status = API.Status.INTERNAL)
public record Baseline(
        String schema,
        String id,
        String model,
        Conditions conditions,
        SortedMap<String, String> facts,
        SortedMap<String, Double> figures,
        SortedMap<String, String> tolerances,
        @Nullable SortedMap<String, String> tensors,
        Origin recorded) {
    static final String SCHEMA = "modelassay-baseline/1";

    /** Copies the maps; {@code null} is refused as a member that the file lacks. */
    public Baseline {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(conditions, "conditions");
        Objects.requireNonNull(recorded, "recorded");
        facts = copy(facts, "facts");
        figures = copy(figures, "figures");
        tolerances = copy(tolerances, "tolerances");
        tensors = tensors == null ? null : copy(tensors, "tensors");
    }

    private static <V> SortedMap<String, V> copy(SortedMap<String, V> map, String name) {
        SortedMap<String, V> copy = new TreeMap<>(Objects.requireNonNull(map, name));
        copy.values().forEach(value -> Objects.requireNonNull(value, name));
        return Collections.unmodifiableSortedMap(copy);
    }

    /**
     * What must be the same for figures to be compared at all.
     *
     * @param dtype compute type
     * @param protocol how the text becomes windows, where there is one
     * @param text the text, where there is one
     */
    public record Conditions(
            String dtype,
            @Nullable String protocol,
            @Nullable Tokens text) {
        /** Checks the type. */
        public Conditions {
            Objects.requireNonNull(dtype, "conditions.dtype");
        }
    }

    /**
     * A text as the model sees it.
     *
     * @param name for messages
     * @param file where it lies, from the module's folder and with slashes; null where that is not known
     * @param tokens number of tokens
     * @param sha256 hash of the token ids, 32 bits each, little-endian
     */
    public record Tokens(String name, @Nullable String file, int tokens, String sha256) {
        /** Checks name and hash. */
        public Tokens {
            Objects.requireNonNull(name, "conditions.text.name");
            Objects.requireNonNull(sha256, "conditions.text.sha256");
        }

        @Override
        public String toString() {
            return tokens + " tokens of " + name + " (sha256 " + sha256.substring(0, Math.min(12, sha256.length()))
                    + "…)";
        }
    }

    /**
     * Where figures come from.
     *
     * @param checkpointSha256 content hash of the checkpoint
     * @param device device that ran, where something was computed
     * @param engine engine and version, where something was computed
     */
    public record Origin(
            String checkpointSha256,
            @Nullable String device,
            @Nullable String engine) {
        /** Checks the hash. */
        public Origin {
            Objects.requireNonNull(checkpointSha256, "recorded.checkpoint_sha256");
        }

        boolean ranLike(Origin other) {
            return Objects.equals(device, other.device) && Objects.equals(engine, other.engine);
        }

        @Override
        public String toString() {
            return (device == null ? "" : "device " + device.toUpperCase(Locale.ROOT) + ", ")
                    + (engine == null ? "" : engine + ", ")
                    + "checkpoint sha256 "
                    + checkpointSha256.substring(0, Math.min(12, checkpointSha256.length())) + "…";
        }
    }

    /** The text's file, where the baseline knows it. */
    public Optional<String> textFile() {
        return Optional.ofNullable(conditions.text()).map(Tokens::file);
    }

    /** The tolerance of the figure of this name. */
    Tolerance tolerance(String figure) {
        String text = tolerances.get(figure);
        if (text == null) {
            text = tolerances.get(DefaultTolerances.family(figure));
        }
        return text == null ? DefaultTolerances.of(figure, conditions.dtype()) : Tolerance.parse(text);
    }

    /** The same with the tolerances that somebody has set in {@code other}. */
    Baseline withTolerancesOf(Baseline other) {
        SortedMap<String, String> kept = new TreeMap<>(tolerances);
        SortedMap<String, String> defaults = DefaultTolerances.of(other.figures.keySet(), other.conditions.dtype());
        other.tolerances.forEach((figure, tolerance) -> {
            if (!tolerance.equals(defaults.get(figure))) {
                kept.put(figure, tolerance);
            }
        });
        return new Baseline(schema, id, model, conditions, facts, figures, kept, tensors, recorded);
    }
}
