package io.modelassay.adapter;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.NearestNames;
import io.modelassay.checkpoint.Shape;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import org.apiguardian.api.API;

/**
 * The keys that PEFT looks for in an adapter, given its config and a base model, against those that it has. From headers
 * alone; no tensor is read.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class AdapterReport {
    private final SortedMap<String, List<Shape>> expected;
    private final List<String> matched;
    private final List<String> missing;
    private final List<String> unexpected;
    private final List<Mismatch> mismatched;
    private final List<String> overwriting;
    private final SortedMap<String, Renamed> renamed;
    private final List<String> targeted;
    private final List<String> targetedParameters;
    private final List<String> effective;
    private final List<String> incomplete;
    private final List<String> idleTargets;
    private final boolean fullModel;
    private final boolean changesBase;
    private final int stored;
    private final List<AdapterCause> causes;
    private final Unexplained unexplained;

    AdapterReport(AdapterComparison from) {
        KeyDifferences left = from.differences();
        this.causes = from.isFullModel() ? List.of() : AdapterCauses.of(left);
        this.unexplained = new Unexplained(
                List.copyOf(left.missing), List.copyOf(left.unexpected), List.copyOf(left.mismatched.values()));
        this.expected = from.expected();
        this.matched = List.copyOf(from.matched);
        this.missing = List.copyOf(from.missing);
        this.unexpected = List.copyOf(from.unexpected);
        this.mismatched = List.copyOf(from.mismatched);
        this.overwriting = List.copyOf(from.overwriting);
        this.renamed = from.renamed;
        this.targeted = from.targeted();
        this.targetedParameters = from.targetedParameters();
        this.effective = from.effective();
        this.incomplete = from.incomplete();
        this.idleTargets = from.idleTargets();
        this.fullModel = from.isFullModel();
        this.changesBase = from.changesBase();
        this.stored = from.stored();
    }

    private AdapterReport(int stored) {
        this.expected = Collections.emptySortedMap();
        this.matched = List.of();
        this.missing = List.of();
        this.unexpected = List.of();
        this.mismatched = List.of();
        this.overwriting = List.of();
        this.renamed = Collections.emptySortedMap();
        this.targeted = List.of();
        this.targetedParameters = List.of();
        this.effective = List.of();
        this.incomplete = List.of();
        this.idleTargets = List.of();
        this.fullModel = false;
        this.changesBase = true;
        this.stored = stored;
        this.causes = List.of();
        this.unexplained = new Unexplained(List.of(), List.of(), List.of());
    }

    /**
     * A tensor of another shape than PEFT makes.
     *
     * @param name the key
     * @param expected the shape that config and base ask for
     * @param stored the shape in the file
     * @param byRank whether they differ in the rank alone
     */
    public record Mismatch(String name, Shape expected, Shape stored, boolean byRank) {}

    /**
     * A key that would be an expected one but for what was left in it.
     *
     * @param expected the key that PEFT looks for
     * @param leftovers what the key has that it should not have, or the other way around
     */
    public record Renamed(String expected, Set<KeyLeftover> leftovers) {}

    /**
     * Differences that no cause explains.
     *
     * @param missing expected keys that are not stored
     * @param unexpected stored keys that PEFT has no place for
     * @param mismatched tensors of other shapes
     */
    public record Unexplained(List<String> missing, List<String> unexpected, List<Mismatch> mismatched) {}

    /**
     * Compares an adapter with a base model.
     *
     * @throws AdapterException if the method is not known, or a pattern of the config can't be matched
     */
    public static AdapterReport of(PeftAdapter adapter, Checkpoint base) {
        return new AdapterReport(new AdapterComparison(adapter, AdaptedBase.files(BaseModules.of(base))));
    }

    /** Compares an adapter with the modules of a base model. */
    public static AdapterReport of(PeftAdapter adapter, BaseModules base) {
        return of(adapter, AdaptedBase.files(base));
    }

    /** Compares an adapter with the base as it comes upon it. */
    @API(status = API.Status.INTERNAL)
    public static AdapterReport of(PeftAdapter adapter, AdaptedBase base) {
        return new AdapterReport(new AdapterComparison(adapter, base));
    }

    /** Of an adapter whose method is not known here: nothing but the number of its tensors. */
    public static AdapterReport notCompared(PeftAdapter adapter) {
        return new AdapterReport(adapter.weights().tensors().size());
    }

    /** Every key that PEFT looks for, with the shapes that it may have. */
    public SortedMap<String, List<Shape>> expected() {
        return expected;
    }

    /** Stored keys that PEFT finds a place of the right shape for, sorted. */
    public List<String> matched() {
        return matched;
    }

    /** Expected keys that are not stored, sorted; PEFT leaves such a tensor as it was initialized. */
    public List<String> missing() {
        return missing;
    }

    /** Stored keys that PEFT has no place for, sorted; it drops them without a word. */
    public List<String> unexpected() {
        return unexpected;
    }

    /** Stored tensors of a shape that PEFT refuses, sorted by name. */
    public List<Mismatch> mismatched() {
        return mismatched;
    }

    /** Stored tensors of the base that the config does not ask to store; PEFT overwrites the base's with them. */
    public List<String> overwriting() {
        return overwriting;
    }

    /** Unexpected keys that would be expected ones but for what was left in them, by the stored key. */
    public SortedMap<String, Renamed> renamed() {
        return renamed;
    }

    /** What explains several differences at once, the first cause first. */
    public List<AdapterCause> causes() {
        return causes;
    }

    /** The differences that {@link #causes} leave. */
    public Unexplained unexplained() {
        return unexplained;
    }

    /** Modules of the base that the config names, in the order of the layers. */
    public List<String> targeted() {
        return targeted;
    }

    /** Parameters of the base that {@code target_parameters} names, sorted. */
    public List<String> targetedParameters() {
        return targetedParameters;
    }

    /** Modules whose output the adapter changes, as far as keys tell: nothing that they need is missing. */
    public List<String> effective() {
        return effective;
    }

    /** Modules of which some tensors are found and some missing. */
    public List<String> incomplete() {
        return incomplete;
    }

    /** Entries of {@code target_modules} that name no module of the base. */
    public List<String> idleTargets() {
        return idleTargets;
    }

    /** Whether the file holds the model rather than an adapter. */
    public boolean isFullModel() {
        return fullModel;
    }

    /** Number of stored tensors. */
    public int stored() {
        return stored;
    }

    /**
     * Whether loading changes nothing in the base, as far as keys tell. An adapter of wrong shapes is another matter: PEFT
     * refuses it.
     */
    public boolean hasZeroEffect() {
        return stored > 0 && effective.isEmpty() && mismatched.isEmpty() && !changesBase;
    }

    /** The stored key most like {@code missing}, among those that PEFT has no place for. */
    public Optional<String> nearest(String missing) {
        Collection<String> candidates = unexpected;
        for (Map.Entry<String, Renamed> entry : renamed.entrySet()) {
            if (entry.getValue().expected().equals(missing)) {
                return Optional.of(entry.getKey());
            }
        }
        return NearestNames.of(missing, candidates, 1).stream().findFirst();
    }
}
