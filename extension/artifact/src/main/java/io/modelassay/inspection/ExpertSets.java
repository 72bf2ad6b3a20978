package io.modelassay.inspection;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.checkpoint.ModelConfig;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * The experts of a mixture against their siblings and the config, by names alone, so without an architecture. A layer is
 * judged only beside layers that have all its other modules, routers among them: dense layers and layers of another kind
 * have others.
 */
final class ExpertSets {
    private static final String CONFIG = "config.json";
    private static final Pattern LAYER = Pattern.compile("(.*?\\.|)(\\d{1,6})\\.(.+)");
    private static final Pattern EXPERT = Pattern.compile("(.*\\bexperts\\.)(?:(\\d{1,6})\\.)?(.+)");

    /** What follows the projection's name in the names of packed parts, of stacks as of single experts. */
    private static final Pattern PROJECTION = Pattern.compile("(.*?_proj|w\\d|[^.]+).*");

    private static final Pattern ROUTER = Pattern.compile("(^|\\.)(gate|router|gate_network)\\.(.*\\.)?weight");
    private static final List<String> COUNTS =
            List.of("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts");

    /** Many times as many as published models have; a config that says more is wrong in another way. */
    private static final int MOST_EXPERTS = 10_000;

    private final OptionalLong declared;
    private final NavigableMap<String, NavigableMap<Integer, Layer>> stacks = new TreeMap<>();
    private final Set<String> affected = new TreeSet<>();
    private final List<Finding> findings = new ArrayList<>();

    /** One layer: the names beside its experts, and the projections of each expert; a stack's is that of number -1. */
    private record Layer(Set<String> others, NavigableMap<Integer, NavigableSet<String>> experts, Set<String> place) {
        Layer() {
            this(new TreeSet<>(), new TreeMap<>(), new TreeSet<>());
        }

        boolean isRouted() {
            return others.stream().anyMatch(name -> ROUTER.matcher(name).find());
        }

        /** Every projection that some expert has. */
        NavigableSet<String> projections() {
            NavigableSet<String> all = new TreeSet<>();
            experts.values().forEach(all::addAll);
            return all;
        }

        boolean isStacked() {
            return experts.containsKey(-1);
        }
    }

    private ExpertSets(Checkpoint checkpoint) {
        ModelConfig config = checkpoint.config().exists() ? checkpoint.config().languageModel() : checkpoint.config();
        this.declared = COUNTS.stream()
                .filter(key -> config.exists() && config.isNumber(key))
                .mapToLong(config::integer)
                .findFirst();
        checkpoint.tensors().keySet().forEach(this::place);
        stacks.forEach(this::compare);
    }

    static ExpertSets of(Checkpoint checkpoint) {
        return new ExpertSets(checkpoint);
    }

    List<Finding> findings() {
        return findings;
    }

    /** Whether a finding tells of {@code name}, be it of an expert or of a stack of them. */
    boolean tellsOf(String name) {
        for (int dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
            if (affected.contains(name.substring(0, dot)) || affected.contains(name.substring(0, dot + 1))) {
                return true;
            }
        }
        return affected.contains(name);
    }

    private void place(String name) {
        Matcher layer = LAYER.matcher(name);
        if (!layer.matches()) {
            return;
        }
        Layer own = stacks.computeIfAbsent(layer.group(1), prefix -> new TreeMap<>())
                .computeIfAbsent(Integer.parseInt(layer.group(2)), number -> new Layer());
        Matcher expert = EXPERT.matcher(layer.group(3));
        if (!expert.matches()) {
            own.others.add(layer.group(3));
            return;
        }
        Matcher projection = PROJECTION.matcher(expert.group(3));
        int number = expert.group(2) == null ? -1 : Integer.parseInt(expert.group(2));
        own.place.add(expert.group(1));
        own.experts
                .computeIfAbsent(number, any -> new TreeSet<>())
                .add(projection.matches() ? projection.group(1) : expert.group(3));
    }

    private void compare(String prefix, NavigableMap<Integer, Layer> layers) {
        Optional<Map.Entry<Integer, Layer>> fullest = layers.entrySet().stream()
                .filter(entry -> entry.getValue().place.size() == 1)
                .max(Comparator.comparingInt(entry -> entry.getValue().experts.values().stream()
                        .mapToInt(Set::size)
                        .sum()));
        if (fullest.isEmpty()) {
            return;
        }
        Layer model = fullest.get().getValue();
        long count = model.isStacked() ? 0 : declared.orElse(model.experts.lastKey() + 1L);
        String place = model.place.iterator().next();
        List<Integer> without = new ArrayList<>();
        Map<List<Integer>, List<String>> fewer = new LinkedHashMap<>();
        layers.forEach((number, layer) -> {
            String subject = prefix + number + "." + place.substring(0, place.length() - 1);
            if (layer.experts.isEmpty()) {
                if (model.isRouted() && layer.others.containsAll(model.others)) {
                    without.add(number);
                    affected.add(subject + ".");
                }
            } else if (layer.place.equals(model.place) && layer.isStacked() == model.isStacked()) {
                incomplete(subject, layer, model.projections());
                if (!model.isStacked() && layer.experts.size() < count) {
                    fewer.computeIfAbsent(absent(layer, count), any -> new ArrayList<>())
                            .add(subject);
                }
            }
        });
        fewer.forEach((absent, subjects) -> fewer(subjects, absent, count));
        if (!without.isEmpty()) {
            lost(prefix, place, without, fullest.get());
        }
    }

    private void lost(String prefix, String place, List<Integer> without, Map.Entry<Integer, Layer> full) {
        Layer model = full.getValue();
        boolean one = without.size() == 1;
        add(
                prefix + without.get(0) + "." + place.substring(0, place.length() - 1),
                (one ? "Layer " : "Layers ")
                        + String.join(
                                ", ", without.stream().map(String::valueOf).toList()) + (one ? " has" : " have")
                        + " a router and no expert; layer " + full.getKey() + " has "
                        + (model.isStacked() ? "them stacked" : model.experts.size())
                        + (declared.isPresent() ? " and " + CONFIG + " says " + declared.getAsLong() : "")
                        + ": a loader would initialize them at random");
    }

    /** Experts of one layer that lack a projection which its siblings have. */
    private void incomplete(String subject, Layer layer, Collection<String> projections) {
        NavigableMap<String, List<Integer>> lacking = new TreeMap<>();
        // Numbers beyond the declared ones are experts of another kind, such as those that compute nothing.
        layer.experts
                .headMap((int) Math.min(declared.orElse(Integer.MAX_VALUE), Integer.MAX_VALUE))
                .forEach((number, own) -> projections.stream()
                        .filter(projection -> !own.contains(projection))
                        .forEach(projection -> lacking.computeIfAbsent(projection, any -> new ArrayList<>())
                                .add(number)));
        lacking.forEach((projection, numbers) -> {
            numbers.forEach(number -> affected.add(subject + "." + (number < 0 ? "" : number + ".") + projection));
            add(
                    subject,
                    layer.isStacked()
                            ? "The layer has no " + projection
                                    + " of experts, other layers do; a loader would initialize" + " it at random"
                            : numbers.size() + " of " + layer.experts.size() + " experts of the layer, first number "
                                    + numbers.get(0) + ", have no " + projection
                                    + ", the others do; a loader would initialize it at random");
        });
    }

    private static List<Integer> absent(Layer layer, long count) {
        return IntStream.range(0, (int) Math.min(count, MOST_EXPERTS))
                .filter(number -> !layer.experts.containsKey(number))
                .boxed()
                .toList();
    }

    private void fewer(List<String> subjects, List<Integer> absent, long count) {
        subjects.forEach(subject -> absent.forEach(number -> affected.add(subject + "." + number + ".")));
        add(
                subjects.get(0),
                (subjects.size() == 1 ? "The layer has " : subjects.size() + " layers, this one first, have ")
                        + (count - absent.size()) + " experts where "
                        + (declared.isPresent() ? CONFIG + " says " : "numbers and siblings tell of ") + count
                        + ", first absent number " + absent.get(0) + "; a loader would initialize them at random");
    }

    private void add(String subject, String message) {
        findings.add(new Finding(
                "experts-missing",
                Severity.ERROR,
                subject,
                message,
                "save the model again with all experts, from the state that every rank holds"));
    }
}
