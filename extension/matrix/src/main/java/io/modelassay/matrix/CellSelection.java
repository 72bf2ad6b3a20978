package io.modelassay.matrix;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.discovery.ClassNameFilter;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TagFilter;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;

/** Which tests a cell's JVM discovers. */
final class CellSelection {
    /** Surefire's default classes: those named as tests that are not nested in others. */
    private static final String NAMED_AS_TESTS = "(.*\\.)?(Test[^.$]*|[^.$]*(Test|Tests|TestCase))";

    private CellSelection() {}

    static LauncherDiscoveryRequest discovery(CellRequest request) {
        LauncherDiscoveryRequestBuilder builder = LauncherDiscoveryRequestBuilder.request()
                .selectors(selectors(request))
                .configurationParameters(request.configuration());
        if (request.selected().stream().allMatch(name -> type(name) == null)) {
            builder.filters(ClassNameFilter.includeClassNamePatterns(NAMED_AS_TESTS));
        }
        if (!request.includedTags().isEmpty()) {
            builder.filters(TagFilter.includeTags(request.includedTags()));
        }
        if (!request.excludedTags().isEmpty()) {
            builder.filters(TagFilter.excludeTags(request.excludedTags()));
        }
        return builder.build();
    }

    private static List<DiscoverySelector> selectors(CellRequest request) {
        List<DiscoverySelector> selectors = new ArrayList<>();
        for (String name : request.selected()) {
            Class<?> type = type(name);
            int hash = name.indexOf('#');
            if (type == null) {
                selectors.add(DiscoverySelectors.selectPackage(name.replaceFirst("#.*", "")));
            } else if (hash < 0) {
                selectors.add(DiscoverySelectors.selectClass(type));
            } else if (name.indexOf('(') >= 0) {
                selectors.add(DiscoverySelectors.selectMethod(name));
            } else {
                selectors.addAll(methods(type, name.substring(hash + 1)));
            }
        }
        return request.selected().isEmpty()
                ? List.copyOf(DiscoverySelectors.selectClasspathRoots(Set.of(request.testClasses())))
                : selectors;
    }

    /** Whatever the parameters of the method. */
    private static List<DiscoverySelector> methods(Class<?> type, String name) {
        List<DiscoverySelector> selectors = new ArrayList<>();
        for (Class<?> declaring = type;
                declaring != null && selectors.isEmpty();
                declaring = declaring.getSuperclass()) {
            for (Method method : declaring.getDeclaredMethods()) {
                if (method.getName().equals(name) && !method.isSynthetic()) {
                    selectors.add(DiscoverySelectors.selectMethod(type, method));
                }
            }
        }
        return selectors;
    }

    private static @Nullable Class<?> type(String selected) {
        try {
            return Class.forName(selected.replaceFirst("#.*", ""), false, CellSelection.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            return null;
        }
    }
}
