// Runs before the page is drawn, so that what opens by a press is not seen open first.
document.documentElement.classList.add("js");
