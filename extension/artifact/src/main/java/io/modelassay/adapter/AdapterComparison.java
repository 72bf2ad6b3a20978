package io.modelassay.adapter;

import io.modelassay.adapter.AdapterLayout.Role;
import io.modelassay.adapter.AdapterLayout.Slot;
import io.modelassay.adapter.AdapterReport.Mismatch;
import io.modelassay.adapter.AdapterReport.Renamed;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/** Finds a place for each key that is stored among those that PEFT would look for. */
final class AdapterComparison {
    private static final String BASE_LAYER = ".base_layer.";
    private static final String DEFAULT = ".default";
    private static final String MAGNITUDE_AS_MODULE = "." + LoraMethod.MAGNITUDE + ".weight";

    /** A stored tensor of the method, at its place. */
    record Placement(String module, String part, TensorInfo tensor) {}

    /** A stored tensor that loading puts in place of a parameter of the base; a copy if the module is saved whole. */
    record Replacement(String parameter, TensorInfo tensor, boolean copy) {}

    private final AdapterConfig config;
    private final PeftMethod method;
    private final BaseModules base;
    private final Map<String, TensorInfo> tensors;
    private final List<BaseModule> targeted;
    private final List<String> idle;
    private final List<String> targetedParameters;
    private final SortedMap<String, Slot> wanted;
    private final Set<String> saved = new TreeSet<>();

    final Set<String> matched = new TreeSet<>();
    final Set<String> missing = new TreeSet<>();
    final Set<String> unexpected = new TreeSet<>();
    final List<Mismatch> mismatched = new ArrayList<>();
    final Set<String> overwriting = new TreeSet<>();
    final SortedMap<String, Renamed> renamed = new TreeMap<>();
    final List<Placement> placements = new ArrayList<>();
    final List<Replacement> replacements = new ArrayList<>();

    AdapterComparison(PeftAdapter adapter, AdaptedBase adapted) {
        this.config = adapter.config();
        this.method = PeftMethods.require(config);
        this.tensors = adapter.weights().tensors();
        Map<String, Shape> shapes = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> shapes.put(name, tensor.shape()));
        this.base = adapted.of(config, shapes, LayoutRules.PRESENT.experts());
        AdapterLayout layout = new AdapterLayout(config, base, LayoutRules.PRESENT, adapter::modules);
        this.targeted = layout.targeted();
        this.idle = layout.idle();
        this.targetedParameters = List.copyOf(layout.targetedParameters());
        this.wanted = layout.slots();
        tensors.values().forEach(this::place);
        wanted.keySet().stream()
                .filter(key -> !saved.contains(key) && !matched.contains(key))
                .forEach(missing::add);
        mismatched.forEach(mismatch -> missing.remove(canonicalKey(mismatch.name())));
    }

    private void place(TensorInfo tensor) {
        String key = canonicalKey(tensor.name());
        Slot place = wanted.get(key);
        if (place != null) {
            fit(tensor, key, place);
            return;
        }
        Optional<String> parameter = baseParameter(tensor.name());
        if (parameter.isPresent()) {
            Shape shape = Objects.requireNonNull(base.parameters().get(parameter.get()));
            if (shape.equals(tensor.shape())) {
                matched.add(tensor.name());
                replacements.add(new Replacement(parameter.get(), tensor, false));
                if (!isAskedFor(parameter.get())) {
                    overwriting.add(tensor.name());
                }
            } else {
                mismatched.add(new Mismatch(tensor.name(), shape, tensor.shape(), false));
            }
            return;
        }
        unexpected.add(tensor.name());
        AdapterKey.of(tensor.name(), method)
                .flatMap(this::rename)
                .ifPresent(found -> renamed.put(tensor.name(), found));
    }

    private void fit(TensorInfo tensor, String key, Slot place) {
        List<Shape> shapes = place.shapes();
        if (shapes.contains(tensor.shape())) {
            matched.add(tensor.name());
            saved.add(key);
            if (place.role() == Role.SAVED) {
                replacements.add(new Replacement(place.suffix(), tensor, true));
            } else {
                placements.add(new Placement(place.module(), place.suffix(), tensor));
            }
            return;
        }
        Shape expected = shapes.get(0);
        mismatched.add(new Mismatch(
                tensor.name(), expected, tensor.shape(), differOnlyAt(place.rankAxis(), expected, tensor.shape())));
    }

    private static boolean differOnlyAt(int axis, Shape expected, Shape stored) {
        if (axis < 0 || expected.rank() != stored.rank()) {
            return false;
        }
        for (int i = 0; i < expected.rank(); i++) {
            if (i != axis && expected.dimension(i) != stored.dimension(i)) {
                return false;
            }
        }
        return true;
    }

    /** PEFT 0.21 finds tensors that still have the adapter's default name as well. */
    private String canonicalKey(String stored) {
        String key = stored.endsWith(MAGNITUDE_AS_MODULE)
                ? stored.substring(0, stored.length() - ".weight".length())
                : stored;
        Optional<AdapterKey> parsed = AdapterKey.of(key, method);
        return parsed.filter(
                        found -> found.leftovers().equals(Set.of(KeyLeftover.ADAPTER_NAME)) && key.contains(DEFAULT))
                .map(found -> found.keyOf(found.module()))
                .orElse(key);
    }

    /** The parameter of the base that a key under PEFT's prefix is for. */
    private Optional<String> baseParameter(String key) {
        if (!key.startsWith(AdapterKey.PREFIX)) {
            return Optional.empty();
        }
        String name = key.substring(AdapterKey.PREFIX.length()).replace(BASE_LAYER, ".");
        return base.parameters().containsKey(name) ? Optional.of(name) : Optional.empty();
    }

    private boolean isAskedFor(String parameter) {
        String module = parameter.substring(0, Math.max(0, parameter.lastIndexOf('.')));
        if (parameter.endsWith(".bias") && !config.bias().equals("none")) {
            return config.bias().equals("all")
                    || targeted.stream().anyMatch(t -> t.name().equals(module));
        }
        return base.isEnd(module);
    }

    private Optional<Renamed> rename(AdapterKey key) {
        Map<String, KeyLeftover> names = new LinkedHashMap<>();
        String prefix = base.basePrefix() + ".";
        names.put(base.canonical(key.module()), KeyLeftover.OLD_PATHS);
        names.put(prefix + key.module(), KeyLeftover.BASE_PREFIX);
        if (key.module().startsWith(prefix)) {
            names.put(key.module().substring(prefix.length()), KeyLeftover.BASE_PREFIX);
        }
        String same = key.keyOf(key.module());
        if (wanted.containsKey(same)) {
            return Optional.of(new Renamed(same, key.leftovers()));
        }
        for (Map.Entry<String, KeyLeftover> name : names.entrySet()) {
            String candidate = key.keyOf(name.getKey());
            if (wanted.containsKey(candidate)) {
                EnumSet<KeyLeftover> leftovers = EnumSet.of(name.getValue());
                leftovers.addAll(key.leftovers());
                return Optional.of(new Renamed(candidate, Collections.unmodifiableSet(leftovers)));
            }
        }
        return Optional.empty();
    }

    /** Whether loading replaces parameters of the base, as the config asks: saved modules, biases, a new head. */
    boolean changesBase() {
        return matched.stream().anyMatch(key -> {
            Slot place = wanted.get(canonicalKey(key));
            if (place != null) {
                return place.role() == Role.SAVED;
            }
            return key.endsWith(".bias") && !overwriting.contains(key);
        });
    }

    KeyDifferences differences() {
        Map<String, Shape> shapes = new TreeMap<>();
        tensors.forEach((name, tensor) -> shapes.put(name, tensor.shape()));
        return new KeyDifferences(config, base, shapes, this);
    }

    SortedMap<String, List<Shape>> expected() {
        SortedMap<String, List<Shape>> shapes = new TreeMap<>();
        wanted.forEach((key, place) -> shapes.put(key, place.shapes()));
        return Collections.unmodifiableSortedMap(shapes);
    }

    List<String> targeted() {
        return targeted.stream().map(BaseModule::name).toList();
    }

    List<String> targetedParameters() {
        return targetedParameters;
    }

    List<String> effective() {
        Set<String> whole = new LinkedHashSet<>(foundModules());
        wanted.forEach((key, place) -> {
            if (!saved.contains(key)) {
                whole.remove(place.module());
            }
        });
        return List.copyOf(whole);
    }

    List<String> incomplete() {
        Set<String> found = foundModules();
        Set<String> broken = new TreeSet<>();
        missing.forEach(key -> {
            String module = Objects.requireNonNull(wanted.get(key)).module();
            if (found.contains(module)) {
                broken.add(module);
            }
        });
        return List.copyOf(broken);
    }

    private Set<String> foundModules() {
        Set<String> found = new TreeSet<>();
        wanted.forEach((key, place) -> {
            if (place.isAdaptersOwn() && saved.contains(key)) {
                found.add(place.module());
            }
        });
        return found;
    }

    List<String> idleTargets() {
        return idle;
    }

    int stored() {
        return tensors.size();
    }

    /** Half of the base under its own names, or more, and none of the method's tensors. */
    boolean isFullModel() {
        if (tensors.keySet().stream().anyMatch(key -> AdapterKey.of(key, method).isPresent())) {
            return false;
        }
        long ofBase = tensors.keySet().stream()
                .filter(key -> base.parameters().containsKey(key)
                        || base.parameters().containsKey(base.canonical(key))
                        || baseParameter(key).isPresent())
                .count();
        return ofBase > 0 && 2 * ofBase >= base.parameters().size();
    }
}
