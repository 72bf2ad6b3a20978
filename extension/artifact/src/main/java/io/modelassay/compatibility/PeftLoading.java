package io.modelassay.compatibility;

import io.modelassay.adapter.AdaptedBase;
import io.modelassay.adapter.AdapterConfig;
import io.modelassay.adapter.AdapterLayout.Role;
import io.modelassay.adapter.AdapterLayout.Slot;
import io.modelassay.adapter.BaseModule;
import io.modelassay.adapter.BaseModules;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.Shape;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** {@code PeftModel.from_pretrained} of one version, on files: what it finds, what it drops, what comes of it. */
final class PeftLoading {
    private final PeftVersion version;
    private final AdapterFiles files;
    private final ModelConfig json;
    private final PeftConfigReading reading;
    private final PeftTargets targets;
    private final WrappedModel model;
    private final BaseModules base;
    private final Map<String, String> names;
    private final Map<String, String> stored = new LinkedHashMap<>();

    final List<String> warnings = new ArrayList<>();

    /** What one of the warnings is about, if it is about a setting. */
    final Optional<String> settingWarned;

    final TreeSet<String> missing = new TreeSet<>();
    final TreeSet<String> unexpected = new TreeSet<>();
    final List<String> mismatched = new ArrayList<>();

    /**
     * Loads.
     *
     * @throws Refusal if a library raises
     */
    PeftLoading(
            PeftVersion version,
            Surroundings surroundings,
            AdapterFiles files,
            AdaptedBase adapted,
            Optional<String> modelType) {
        this.version = version;
        this.files = files;
        this.json = files.config();
        this.reading = new PeftConfigReading(version, json);
        warnings.addAll(reading.warnings());
        this.targets = new PeftTargets(
                version, surroundings.transformers(), reading, adapted, modelType, files.tensorsIfReadable());
        warnings.addAll(targets.warnings());
        this.settingWarned = targets.warnings().stream().findFirst();
        this.base = targets.base();
        this.model = new WrappedModel(version, targets, this.base);
        SortedMap<String, Shape> tensors = files.tensors();
        PeftKeys keys = new PeftKeys(version, reading.type(), model);
        this.names = keys.inMemory(
                translated(surroundings.transformers(), tensors, this.base),
                Set.copyOf(targets.config().modulesToSave()));
        checkOldRotations();
        checkProjections(tensors);
        names.forEach((key, name) -> stored.put(name, key));
        surroundings.load(
                version.version(),
                targets.modules().stream().map(BaseModule::name).toList());
        compare(tensors);
        findMissing(keys.mark());
    }

    /**
     * What is installed beside PEFT, and the base that one of them is of.
     *
     * @param transformers its version
     * @param bitsandbytes its version, if it is to be looked at
     * @param packed the base's modules in 4 bits, if it has any
     */
    record Surroundings(
            LibraryVersion transformers, Optional<LibraryVersion> bitsandbytes, Optional<BitsAndBytesBase> packed) {
        private void load(LibraryVersion peft, List<String> adapted) {
            packed.ifPresent(base -> bitsandbytes.ifPresent(version -> base.load(version, peft, adapted)));
        }
    }

    private Map<String, String> translated(
            LibraryVersion transformers, SortedMap<String, Shape> tensors, BaseModules base) {
        Map<String, String> keys = new LinkedHashMap<>();
        boolean translates = version.is("old_paths", "by transformers 4") && transformers.major() == 4;
        for (String key : tensors.keySet()) {
            keys.put(translates ? PeftKeys.translated(key, base) : key, key);
        }
        return keys;
    }

    private void checkOldRotations() {
        if (reading.type().equals("OFT")
                && !version.is("old_oft_tensors", "own")
                && names.values().stream().anyMatch(name -> name.contains(".oft_r."))) {
            throw new Refusal(
                    "old-oft-tensors",
                    "ValueError",
                    "Trying to load old OFT checkpoint, which is no longer supported. Please install PEFT <= v0.15.2 to"
                            + " load it or train a new OFT adapter.",
                    "the tensors have the form of PEFT before 0.16",
                    "PEFT 0.15.2, or training the adapter again");
        }
    }

    private void checkProjections(SortedMap<String, Shape> tensors) {
        if (!reading.type().equals("VERA")) {
            return;
        }
        boolean wanted = json.bool("save_projection", true);
        boolean present = tensors.containsKey("base_model.vera_A");
        if (wanted && !present) {
            throw new Refusal(
                    "vera-projection-absent",
                    "ValueError",
                    "Specified to load vera_A and vera_B from state dictionary however they were not present!",
                    "save_projection is true, and the file holds no base_model.vera_A",
                    "the file that was saved with its projections, or save_projection false");
        }
        if (!wanted && present) {
            warnings.add("UserWarning: Specified to not load vera_A and vera_B from state dictionary however they are"
                    + " present in state dictionary!");
        }
    }

    private void compare(SortedMap<String, Shape> tensors) {
        stored.forEach((name, key) -> {
            if (reading.makesNothing() || !model.has(name)) {
                if (!reading.makesNothing() || !model.isOfBase(name)) {
                    unexpected.add(name);
                }
                return;
            }
            Shape shape = Objects.requireNonNull(tensors.get(key));
            List<Shape> shapes = model.shapes(name);
            if (!shapes.isEmpty() && !shapes.contains(shape)) {
                mismatched.add(name);
            }
        });
        if (!mismatched.isEmpty()) {
            String name = mismatched.get(0);
            Shape shape = Objects.requireNonNull(tensors.get(Objects.requireNonNull(stored.get(name))));
            throw new Refusal(
                    "shape-mismatch",
                    "RuntimeError",
                    "Error(s) in loading state_dict for " + targets.modelClass() + ": size mismatch for " + name
                            + ": copying a param with shape torch.Size(" + shape
                            + ") from checkpoint, the shape in current model is torch.Size("
                            + model.shapes(name).get(0) + ").",
                    mismatched.size() + " of " + tensors.size()
                            + " stored tensors have another shape than config and base" + " ask for",
                    "r, rank_pattern and target_modules that fit the tensors, or the base that the adapter was trained on",
                    mismatched);
        }
    }

    private void findMissing(String mark) {
        if (reading.makesNothing()) {
            return;
        }
        boolean warned = version.is("missing_keys", "warned");
        for (String name : model.adapterNames()) {
            if (!stored.containsKey(name) && (!warned || name.contains(mark))) {
                missing.add(name);
            }
        }
        if (warned && !missing.isEmpty()) {
            warnings.add("UserWarning: Found missing adapter keys while loading the checkpoint: ["
                    + String.join(", ", missing) + "].");
        }
    }

    /** Modules that the loaded tensors change the output of, as far as those that start neutral tell. */
    private Set<String> changed() {
        Set<String> changed = new HashSet<>();
        Set<String> cancelled = new HashSet<>();
        model.adapter().forEach((name, slot) -> {
            String key = stored.get(name);
            if (key != null && files.isZeroFactor(key)) {
                cancelled.add(slot.module());
            }
            boolean counts = slot.role() == Role.METHOD ? slot.neutral() && hasStrength() : slot.role() != Role.SHARED;
            if (key != null && !files.isUntouched(key) && (counts || isAllThereIs(slot))) {
                changed.add(slot.module());
            }
        });
        changed.removeAll(cancelled);
        return changed;
    }

    private boolean isAllThereIs(Slot slot) {
        return reading.type().equals("TRAINABLE_TOKENS") && slot.role() == Role.METHOD;
    }

    private boolean hasStrength() {
        return !Set.of("LORA", "ADALORA", "LOHA", "LOKR").contains(reading.type())
                || targets.config().alpha() != 0
                || targets.config().json().has("alpha_pattern");
    }

    Effect effect() {
        if (reading.makesNothing()) {
            return Effect.NONE;
        }
        Set<String> changed = changed();
        boolean overwrites = !holdsWholeBase()
                && stored.keySet().stream().anyMatch(name -> model.isOfBase(name) && !repeatsEnd(name));
        if (changed.isEmpty() && !overwrites) {
            return Effect.NONE;
        }
        if (stored.entrySet().stream().anyMatch(e -> model.has(e.getKey()) && files.isNonFinite(e.getValue()))) {
            return Effect.NOT_FINITE;
        }
        return difference(changed).isPresent() ? Effect.PARTIAL : Effect.FULL;
    }

    /** Why there is no effect. */
    String idleness() {
        return stored.values().stream().anyMatch(files::isZeroFactor)
                ? "the product of the factors is zero: one of them holds nothing but zeros in each module"
                : "no tensor of it changes a module";
    }

    /** Why the effect is another than the files say. */
    Optional<String> difference() {
        return difference(changed());
    }

    private Optional<String> difference(Set<String> changed) {
        boolean wholeBase = holdsWholeBase();
        if (targets.namesNoParameter() && !unexpected.isEmpty()) {
            return Optional.of("target_parameters were set but no parameter was matched, so that " + unexpected.size()
                    + " stored tensors are dropped; transformers before 5 holds each expert in modules of its own");
        }
        for (String name : unexpected) {
            if (!name.startsWith("base_model.vera_") && !(wholeBase && isParameter(name))) {
                return Optional.of(
                        unexpected.size() + " stored tensors have no place and are dropped, such as " + name);
            }
        }
        Set<String> kinds = changed.stream().map(PeftLoading::kindOf).collect(Collectors.toSet());
        for (String name : missing) {
            Slot slot = model.adapter().get(name);
            if (slot != null
                    && (kinds.contains(kindOf(slot.module())) || isBegun(slot.module()))
                    && !isExcluded(slot.module())) {
                return Optional.of(missing.size() + " tensors are missing, such as " + name);
            }
        }
        for (String name : stored.keySet()) {
            if (!wholeBase && model.isOfBase(name) && !isAskedFor(name) && !repeatsEnd(name)) {
                return Optional.of("weights of the base are overwritten, such as " + name);
            }
        }
        return Optional.ofNullable(computedOtherwise());
    }

    /** Whether some of the module's tensors are stored. */
    private boolean isBegun(String module) {
        return !module.isEmpty()
                && model.adapter().entrySet().stream()
                        .anyMatch(entry ->
                                entry.getValue().module().equals(module) && stored.containsKey(entry.getKey()));
    }

    /** Whether the file carries the model as well, which is taken to be the base that it is loaded on. */
    private boolean holdsWholeBase() {
        long carried = stored.keySet().stream().filter(this::isParameter).count();
        return carried > 0 && 2 * carried >= base.parameters().size();
    }

    private boolean isParameter(String name) {
        return name.startsWith(WrappedModel.PREFIX)
                && base.parameters()
                        .containsKey(
                                name.substring(WrappedModel.PREFIX.length()).replace(".base_layer.", "."));
    }

    /** Whether the config leaves the module out, which a version that does not know how adapts all the same. */
    private boolean isExcluded(String module) {
        return AdapterConfig.of(json)
                .excludeModules()
                .filter(excluded -> excluded.matches(module))
                .isPresent();
    }

    /** A module's name without its place among the layers: nothing is amiss where no layer has tensors for a target. */
    private static String kindOf(String module) {
        return module.substring(module.lastIndexOf('.') + 1);
    }

    private boolean isAskedFor(String name) {
        return name.endsWith(".bias") && !targets.config().bias().equals("none");
    }

    /** PEFT stores head and embedding beside the adapter where they may have changed, most often as the base has them. */
    private boolean repeatsEnd(String name) {
        String parameter = name.substring(WrappedModel.PREFIX.length()).replace(".base_layer.", ".");
        return base.isEnd(parameter.substring(0, Math.max(0, parameter.lastIndexOf('.'))))
                && files.repeatsBase(Objects.requireNonNull(stored.get(name)), parameter);
    }

    private @Nullable String computedOtherwise() {
        String dropped = reading.difference(json);
        if (dropped != null) {
            return dropped;
        }
        AdapterConfig config = targets.config();
        if (reading.type().equals("LOKR")
                && version.is("lokr_strength", "without alpha")
                && config.alpha() != config.rank()) {
            return "LoKr ignores alpha before PEFT 0.14";
        }
        if (reading.type().equals("OFT")
                && version.is("oft_series", "other")
                && config.json().bool("use_cayley_neumann", true)
                && config.json().integer("num_cayley_neumann_terms", 5) > 3) {
            return "the series of OFT's rotations is another before PEFT 0.18";
        }
        boolean patterns = reading.type().equals("LORA") && version.is("patterns", "joint");
        return patterns && targets.modules().stream().anyMatch(this::hasOtherStrength)
                ? "before PEFT 0.14 the first key of rank_pattern or alpha_pattern that matches decides both"
                : null;
    }

    private boolean hasOtherStrength(BaseModule module) {
        return targets.config().jointAlpha(module.name()) != targets.config().alpha(module.name());
    }
}
