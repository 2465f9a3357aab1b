// Made by `make words`: do not edit.
'use strict';
{
  const globals = this;
  const django = globals.django || (globals.django = {});

  
  django.pluralidx = function(n) {
    const v = (n != 1);
    if (typeof v === 'boolean') {
      return v ? 1 : 0;
    } else {
      return v;
    }
  };
  

  /* gettext library */

  django.catalog = django.catalog || {};
  
  const newcatalog = {
    "%(count)s change waiting": [
      "%(count)s cambio en espera",
      "%(count)s cambios en espera"
    ],
    "%(count)s stroke": [
      "%(count)s trazo",
      "%(count)s trazos"
    ],
    "%(count)s zone as planned": [
      "%(count)s zona seg\u00fan lo previsto",
      "%(count)s zonas seg\u00fan lo previsto"
    ],
    "%(label)s: read with the camera": "%(label)s: leer con la c\u00e1mara",
    "%(name)s added": "%(name)s: a\u00f1adida",
    "%(number)s in the protocol. Arrow keys to choose, Enter to take.": "%(number)s en el protocolo. Flechas para elegir, Enter para tomar.",
    "%(time)s filled in": "%(time)s rellenado",
    "%(who)s: the numbing is ready": "%(who)s: la anestesia est\u00e1 lista",
    "%(words)s What you typed is still here.": "%(words)s Lo que ha escrito sigue aqu\u00ed.",
    "%(zone)s as planned": "%(zone)s seg\u00fan lo previsto",
    "%(zoom)s times": "%(zoom)s veces",
    "Another program holds the camera. Close that, or type it, or use the scanner.": "Otro programa ocupa la c\u00e1mara. Ci\u00e9rrelo, escr\u00edbalo o use el lector.",
    "Calendar": "Agenda",
    "Camera": "C\u00e1mara",
    "Close": "Cerrar",
    "Code": "C\u00f3digo",
    "Covered": "Pantalla cubierta",
    "Enter your PIN or your password.": "Escriba su PIN o su contrase\u00f1a.",
    "Free as far as this page shows": "Libre seg\u00fan muestra esta p\u00e1gina",
    "Hold the code of the pack before the camera.": "Ponga el c\u00f3digo del envase ante la c\u00e1mara.",
    "Last update %(at)s": "\u00daltima actualizaci\u00f3n %(at)s",
    "Last update, %(time)s": "\u00daltima actualizaci\u00f3n, %(time)s",
    "Leave it": "Dejarla",
    "Left where it was": "Se queda donde estaba",
    "Locked": "Bloqueado",
    "Medicines in the protocol": "Medicamentos en el protocolo",
    "Moving %(name)s. Arrows move it by 15 minutes or a column, Enter puts it down, Escape leaves it.": "Moviendo %(name)s. Las flechas la mueven 15 minutos o una columna, Enter la coloca, Escape la deja.",
    "No camera was found. Choose a file.": "No se encontr\u00f3 ninguna c\u00e1mara. Elija un archivo.",
    "No code was read. Hold it closer and in the light. Or type it, or use the scanner.": "No se ley\u00f3 ning\u00fan c\u00f3digo. Ac\u00e9rquelo y p\u00f3ngalo a la luz, escr\u00edbalo o use el lector.",
    "No connection since %(time)s. Nothing was sent, and what you typed is still here. Press it again in a moment.": "Sin conexi\u00f3n desde las %(time)s. No se ha enviado nada, y lo que ha escrito sigue aqu\u00ed. Pulse de nuevo en un momento.",
    "No connection since %(time)s. What you typed is still here; try again in a moment.": "Sin conexi\u00f3n desde las %(time)s. Lo que ha escrito sigue aqu\u00ed; int\u00e9ntelo de nuevo en un momento.",
    "No connection. Last update %(at)s": "Sin conexi\u00f3n. \u00daltima actualizaci\u00f3n %(at)s",
    "Nobody has touched this screen for a while: it locks at %(time)s. What you typed is kept.": "Nadie ha tocado esta pantalla desde hace un rato: se bloquear\u00e1 a las %(time)s. Lo que ha escrito se conserva.",
    "Not saved": "Sin guardar",
    "Not saved since %(at)s": "Sin guardar desde las %(at)s",
    "Not saved since %(at)s, still trying. %(count)s": "Sin guardar desde las %(at)s, se sigue intentando. %(count)s",
    "Not saved since %(time)s": "Sin guardar desde las %(time)s",
    "Not saved since %(time)s, still trying": "Sin guardar desde las %(time)s, sigue intent\u00e1ndolo",
    "Not saved yet, still trying. %(count)s": "A\u00fan sin guardar, se sigue intentando. %(count)s",
    "Nothing drawn yet": "A\u00fan nada dibujado",
    "Nothing was sent: the passkey window was closed, or this device has no passkey for the clinic. Press the button to try again.": "No se ha enviado nada: se cerr\u00f3 la ventana de la llave de acceso, o este dispositivo no tiene ninguna para la cl\u00ednica. Pulse el bot\u00f3n para intentarlo de nuevo.",
    "One moment": "Un momento",
    "Only a visit that is waited for can be marked as here": "Solo se puede marcar la llegada de una cita que se espera",
    "PIN or password": "PIN o contrase\u00f1a",
    "Password": "Contrase\u00f1a",
    "Put it here": "Ponerla aqu\u00ed",
    "Read a code with the camera": "Leer un c\u00f3digo con la c\u00e1mara",
    "Ready at %(clock)s, in %(left)s\u00a0min": "Lista a las %(clock)s, en %(left)s\u00a0min",
    "Ready since %(clock)s": "Lista desde las %(clock)s",
    "Reload the page": "Recargar la p\u00e1gina",
    "Room or device taken": "Sala o dispositivo ocupado",
    "Sign in in a new tab": "Iniciar sesi\u00f3n en otra pesta\u00f1a",
    "Signed out": "Sesi\u00f3n cerrada",
    "Somebody else is signed in here now.": "Ahora hay otra persona con la sesi\u00f3n iniciada aqu\u00ed.",
    "Something went wrong on our side. Nothing that was saved is lost.": "Algo ha fallado por nuestra parte. No se ha perdido nada de lo guardado.",
    "Taken": "Ocupado",
    "Taken. Keep it, or take it again.": "Hecha. Gu\u00e1rdela o h\u00e1gala de nuevo.",
    "Tap the new place for %(name)s": "Toque el nuevo lugar para %(name)s",
    "That did not go through. Enter it once more.": "No ha llegado. Escr\u00edbalo otra vez.",
    "The camera is not allowed on this page. Allow it in the browser, or type it, or use the scanner.": "La c\u00e1mara no est\u00e1 permitida en esta p\u00e1gina. Perm\u00edtala en el navegador, escr\u00edbalo o use el lector.",
    "The camera is not allowed. Allow it in the browser, or choose a file.": "La c\u00e1mara no est\u00e1 permitida. Perm\u00edtala en el navegador o elija un archivo.",
    "The ceiling here is %(max)s mm": "El m\u00e1ximo aqu\u00ed es %(max)s mm",
    "The clinic's computer did not answer in time. What you typed is still here; try again.": "El equipo de la cl\u00ednica no ha respondido a tiempo. Lo que ha escrito sigue aqu\u00ed; int\u00e9ntelo de nuevo.",
    "The clinic's computer does not answer. Nothing is lost; try again in a moment.": "El equipo de la cl\u00ednica no responde. No se ha perdido nada; int\u00e9ntelo de nuevo en un momento.",
    "There is no camera here. Type it, or use the scanner.": "Aqu\u00ed no hay c\u00e1mara. Escr\u00edbalo o use el lector.",
    "This browser cannot read codes with the camera. Type it, or use the scanner.": "Este navegador no puede leer c\u00f3digos con la c\u00e1mara. Escr\u00edbalo o use el lector.",
    "This browser gives no camera here. Choose a file.": "Este navegador no da acceso a la c\u00e1mara aqu\u00ed. Elija un archivo.",
    "This device already has a passkey of yours.": "Este dispositivo ya tiene una llave de acceso suya.",
    "This record is not here any more. Nothing was changed.": "Este registro ya no est\u00e1 aqu\u00ed. No se ha cambiado nada.",
    "This sign-in ends at %(time)s, however busy you are. Save what you are writing and sign in again.": "Esta sesi\u00f3n termina a las %(time)s, aunque est\u00e9 trabajando. Guarde lo que est\u00e1 escribiendo y vuelva a iniciar sesi\u00f3n.",
    "Up to date, %(at)s": "Al d\u00eda, %(at)s",
    "Up to date, %(time)s": "Actualizado, %(time)s",
    "With a patient": "Con un paciente",
    "You are signed in again. What you typed is still here; change it or press the button once more to save it.": "Ha vuelto a iniciar sesi\u00f3n. Lo que ha escrito sigue aqu\u00ed; c\u00e1mbielo o pulse el bot\u00f3n otra vez para guardarlo.",
    "You are signed out. Sign in in a new tab, then try again; what you typed is still here.": "Su sesi\u00f3n est\u00e1 cerrada. Inicie sesi\u00f3n en otra pesta\u00f1a e int\u00e9ntelo de nuevo; lo que ha escrito sigue aqu\u00ed.",
    "You signed out in another tab.": "Ha cerrado la sesi\u00f3n en otra pesta\u00f1a.",
    "Your role does not include this, so nothing was changed.": "Su rol no incluye esto, as\u00ed que no se ha cambiado nada."
  };
  for (const key in newcatalog) {
    django.catalog[key] = newcatalog[key];
  }
  

  if (!django.jsi18n_initialized) {
    django.gettext = function(msgid) {
      const value = django.catalog[msgid];
      if (typeof value === 'undefined') {
        return msgid;
      } else {
        return (typeof value === 'string') ? value : value[0];
      }
    };

    django.ngettext = function(singular, plural, count) {
      const value = django.catalog[singular];
      if (typeof value === 'undefined') {
        return (count == 1) ? singular : plural;
      } else {
        return value.constructor === Array ? value[django.pluralidx(count)] : value;
      }
    };

    django.gettext_noop = function(msgid) { return msgid; };

    django.pgettext = function(context, msgid) {
      let value = django.gettext(context + '\x04' + msgid);
      if (value.includes('\x04')) {
        value = msgid;
      }
      return value;
    };

    django.npgettext = function(context, singular, plural, count) {
      let value = django.ngettext(context + '\x04' + singular, context + '\x04' + plural, count);
      if (value.includes('\x04')) {
        value = django.ngettext(singular, plural, count);
      }
      return value;
    };

    django.interpolate = function(fmt, obj, named) {
      if (named) {
        return fmt.replace(/%\(\w+\)s/g, function(match){return String(obj[match.slice(2,-2)])});
      } else {
        return fmt.replace(/%s/g, function(match){return String(obj.shift())});
      }
    };


    /* formatting library */

    django.formats = {
    "DATETIME_FORMAT": "j \\d\\e F \\d\\e Y \\a \\l\\a\\s H:i",
    "DATETIME_INPUT_FORMATS": [
      "%d/%m/%Y %H:%M:%S",
      "%d/%m/%Y %H:%M:%S.%f",
      "%d/%m/%Y %H:%M",
      "%d/%m/%y %H:%M:%S",
      "%d/%m/%y %H:%M:%S.%f",
      "%d/%m/%y %H:%M",
      "%Y-%m-%d %H:%M:%S",
      "%Y-%m-%d %H:%M:%S.%f",
      "%Y-%m-%d %H:%M",
      "%Y-%m-%d"
    ],
    "DATE_FORMAT": "j \\d\\e F \\d\\e Y",
    "DATE_INPUT_FORMATS": [
      "%d/%m/%Y",
      "%d/%m/%y",
      "%Y-%m-%d"
    ],
    "DECIMAL_SEPARATOR": ".",
    "FIRST_DAY_OF_WEEK": 1,
    "MONTH_DAY_FORMAT": "j \\d\\e F",
    "NUMBER_GROUPING": 0,
    "SHORT_DATETIME_FORMAT": "d/m/Y H:i",
    "SHORT_DATE_FORMAT": "d/m/Y",
    "THOUSAND_SEPARATOR": "",
    "TIME_FORMAT": "H:i",
    "TIME_INPUT_FORMATS": [
      "%H:%M:%S",
      "%H:%M:%S.%f",
      "%H:%M"
    ],
    "YEAR_MONTH_FORMAT": "F \\d\\e Y"
  };

    django.get_format = function(format_type) {
      const value = django.formats[format_type];
      if (typeof value === 'undefined') {
        return format_type;
      } else {
        return value;
      }
    };

    /* add to global namespace */
    globals.pluralidx = django.pluralidx;
    globals.gettext = django.gettext;
    globals.ngettext = django.ngettext;
    globals.gettext_noop = django.gettext_noop;
    globals.pgettext = django.pgettext;
    globals.npgettext = django.npgettext;
    globals.interpolate = django.interpolate;
    globals.get_format = django.get_format;

    django.jsi18n_initialized = true;
  }
};
